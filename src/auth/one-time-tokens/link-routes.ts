import { applyDecorators, HttpCode, type Type } from '@nestjs/common';
import { ApiAcceptedResponse, ApiConsumes, ApiNoContentResponse, ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { Allow } from '../../access/allow.decorator.js';
import { Limit } from '../../access/limit.decorator.js';
import { ApiPageForForms } from '../../http/openapi/api-answers.js';
import { Message } from '../../http/openapi/message.js';
import { ApiPage } from '../../http/pages/api-page.js';
import { IgnoreOtherQuery } from '../../http/request/declared-input.js';
import { ApiProblems } from '../../problems/api-problems.js';
import type { ProblemCode } from '../../problems/problem-catalogue.js';
import { TokenStateResponse } from './one-time-token.dto.js';

/** Properties of an operation in the API document. */
interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly description: string;
}

const SHOWS_ONE_BUTTON =
  'Shows a button and does not use the link, since mail scanners follow links too. With `Accept: application/json`, returns whether the link is still valid.';

/** `GET` of a mailed link, public to its holder. */
export const ShowsLink = ({
  state = TokenStateResponse,
  description = SHOWS_ONE_BUTTON,
  ...operation
}: Omit<Operation, 'description'> & { readonly description?: string; readonly state?: Type }): MethodDecorator =>
  applyDecorators(
    Allow('ANONYMOUS'),
    IgnoreOtherQuery('token'),
    ApiOperation({ ...operation, description }),
    ApiPage(),
    ApiOkResponse({ type: state }),
    ApiProblems('validation-failed', 'token-expired-or-used'),
  );

/** `POST` that uses a mailed link. @param given `answer`: null for a response without a body; forms still get a page */
export const UsesLink = ({
  answer = Message,
  problems = [],
  ...operation
}: Operation & { readonly answer?: Type | null; readonly problems?: readonly ProblemCode[] }): MethodDecorator =>
  applyDecorators(
    Allow('ANONYMOUS'),
    HttpCode(answer ? 200 : 204),
    ApiOperation(operation),
    ApiConsumes('application/json', 'application/x-www-form-urlencoded'),
    ...(answer ? [ApiPage(), ApiOkResponse({ type: answer })] : [ApiPageForForms(), ApiNoContentResponse()]),
    ApiProblems('validation-failed', 'token-expired-or-used', ...problems),
  );

/** `POST` that requests a link for an address, with the same response whether or not one is mailed. */
export const RequestsLink = (operation: Operation): MethodDecorator =>
  applyDecorators(
    Allow('ANONYMOUS'),
    HttpCode(202),
    Limit('mail-request'),
    ApiOperation(operation),
    ApiConsumes('application/json', 'application/x-www-form-urlencoded'),
    ApiPage(),
    ApiAcceptedResponse({ type: Message }),
    ApiProblems('validation-failed'),
  );
