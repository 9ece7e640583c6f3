import { applyDecorators } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiExtension } from '@nestjs/swagger';

const PAGE_MARK = 'x-page';

/**
 * Declares that a route answers a person with a browser by a page, also when it refuses: every other route answers its errors
 * as problems, whoever asks. The document has it as `x-page` and in words, and not among the content types of the errors, for
 * generators would type each of them as a problem or a text.
 */
export const ApiPage = (): MethodDecorator =>
  applyDecorators(ApiExtension(PAGE_MARK, true), RouteConfig({ page: true }));

/** Whether an operation of the document has the mark of `ApiPage`. */
export function hasPage(operation: object): boolean {
  return PAGE_MARK in operation;
}
