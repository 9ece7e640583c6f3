import { applyDecorators } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiExtension, ApiProperty, ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';
import { PROBLEMS, type ProblemCode } from '../../problems/problem-catalogue.js';

@ApiSchema({ name: 'FieldError' })
class FieldErrorSchema {
  @ApiProperty({ example: 'email', description: 'where the field is, dotted; empty for the whole' })
  readonly path: string;

  @ApiProperty({ example: 'must be an email address' })
  readonly message: string;
}

/** RFC 9457. */
@ApiSchema({ name: 'Problem', description: 'RFC 9457, with a stable `code`' })
export class ProblemSchema {
  @ApiProperty({ format: 'uri', example: 'urn:roster:problem:validation-failed' })
  readonly type: string;

  @ApiProperty({ example: 'The request does not have the expected shape' })
  readonly title: string;

  @ApiProperty({ type: 'integer', minimum: 400, maximum: 599, example: 400 })
  readonly status: number;

  @ApiProperty({ example: 'One field is not as expected; see errors.' })
  readonly detail: string;

  @ApiProperty({ example: '/auth/register', description: 'the path that was asked for' })
  readonly instance: string;

  @ApiProperty({ enum: Object.keys(PROBLEMS), enumName: 'ProblemCode' })
  readonly code: ProblemCode;

  @ApiProperty({ example: '4bf92f3577b34da6a3ce929d0e0e4736', minLength: 1, maxLength: 128 })
  readonly traceId: string;

  @ApiPropertyOptional({ type: [FieldErrorSchema], description: 'each field that is wrong' })
  readonly errors?: FieldErrorSchema[];
}

const PREFIX = 'x-problem-';

/**
 * Documents the problems that a route can answer with, by code. May stand several times on a route. What every route can
 * answer, and what follows from its `@Allow`, is documented without it.
 */
export function ApiProblems(...codes: ProblemCode[]): MethodDecorator {
  // An extension for each code, for those of one key would replace each other.
  return applyDecorators(...Object.entries(problemMarks(...codes)).map(([mark, value]) => ApiExtension(mark, value)));
}

/** The same for an operation that no method has. */
export function problemMarks(...codes: ProblemCode[]): Record<string, true> {
  return Object.fromEntries(codes.map((code) => [`${PREFIX}${code}`, true as const]));
}

/** Takes the marks of `ApiProblems` off an operation and gives their codes. */
export function takeProblems(operation: object): ProblemCode[] {
  return (Object.keys(PROBLEMS) as ProblemCode[]).filter((code) => {
    const mark = `${PREFIX}${code}`;
    const declared = mark in operation;
    Reflect.deleteProperty(operation, mark);
    return declared;
  });
}

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
