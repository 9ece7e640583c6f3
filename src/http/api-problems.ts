import { applyDecorators } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional, ApiResponse, getSchemaPath } from '@nestjs/swagger';
import { PROBLEMS, type ProblemCode } from './problem-catalogue.js';

class FieldErrorSchema {
  @ApiProperty({ example: 'email' })
  readonly path: string;

  @ApiProperty({ example: 'must be an email address' })
  readonly message: string;
}

/** RFC 9457. */
export class ProblemSchema {
  @ApiProperty({ example: 'urn:roster:problem:validation-failed' })
  readonly type: string;

  @ApiProperty({ example: 'The request does not have the expected shape' })
  readonly title: string;

  @ApiProperty({ example: 400 })
  readonly status: number;

  @ApiProperty({ example: 'One field is not as expected; see errors.' })
  readonly detail: string;

  @ApiProperty({ example: '/auth/register' })
  readonly instance: string;

  @ApiProperty({ enum: Object.keys(PROBLEMS), enumName: 'ProblemCode' })
  readonly code: ProblemCode;

  @ApiProperty({ example: '4bf92f3577b34da6a3ce929d0e0e4736' })
  readonly traceId: string;

  @ApiPropertyOptional({ type: [FieldErrorSchema] })
  readonly errors?: FieldErrorSchema[];
}

/** Documents the problems that a route can answer with, by code; codes of one status are listed together. */
export function ApiProblems(...codes: ProblemCode[]): MethodDecorator {
  const byStatus = Map.groupBy(codes, (code) => PROBLEMS[code].status);
  return applyDecorators(
    ...[...byStatus].map(([status, alike]) =>
      ApiResponse({
        status,
        description: alike.map((code) => `\`${code}\`: ${PROBLEMS[code].title}`).join('\n\n'),
        content: { 'application/problem+json': { schema: { $ref: getSchemaPath(ProblemSchema) } } },
      }),
    ),
  );
}
