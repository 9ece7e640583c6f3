import { ApiProperty, ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';
import { PROBLEMS, type ProblemCode } from '../../problems/problem-catalogue.js';

@ApiSchema({ name: 'FieldError' })
class FieldErrorSchema {
  @ApiProperty({ example: 'email', description: 'dotted path of the field; empty for the whole body' })
  readonly path: string;

  @ApiProperty({ example: 'must be an email address' })
  readonly message: string;
}

/** RFC 9457. */
@ApiSchema({ name: 'Problem', description: 'RFC 9457, with a stable `code`' })
export class ProblemSchema {
  @ApiProperty({ format: 'uri', example: 'urn:roster:problem:validation-failed' })
  readonly type: string;

  @ApiProperty({ example: 'Validation failed' })
  readonly title: string;

  @ApiProperty({ type: 'integer', minimum: 400, maximum: 599, example: 400 })
  readonly status: number;

  @ApiProperty({ example: 'One field is invalid; see errors.' })
  readonly detail: string;

  @ApiProperty({ example: '/auth/register', description: 'the requested path' })
  readonly instance: string;

  @ApiProperty({ enum: Object.keys(PROBLEMS), enumName: 'ProblemCode' })
  readonly code: ProblemCode;

  @ApiProperty({ example: '4bf92f3577b34da6a3ce929d0e0e4736', minLength: 1, maxLength: 128 })
  readonly traceId: string;

  @ApiPropertyOptional({ type: [FieldErrorSchema], description: 'the invalid fields' })
  readonly errors?: FieldErrorSchema[];
}
