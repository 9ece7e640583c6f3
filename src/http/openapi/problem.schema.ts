import { ApiProperty, ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';
import { PROBLEMS, type ProblemCode } from '../../problems/problem-catalogue.js';

@ApiSchema({ name: 'FieldError' })
class FieldErrorSchema {
  @ApiProperty({ example: 'email', description: 'dotted path of the field; empty for the whole body' })
  readonly path: string;

  @ApiProperty({ example: 'must be an email address' })
  readonly message: string;
}

@ApiSchema({ name: 'ContinueWith', description: 'how a sign-in goes on that needs another step' })
class ContinueWithSchema {
  @ApiProperty({ example: '019aa53c1f7e7c2fb1c07d2a4e5f6071.b2YgYSBzaWduLWluIHRoYXQgd2FpdHMgZm9yIGEgc2Vjb25k' })
  readonly token: string;

  @ApiProperty({ type: [String], example: ['totp', 'recovery-code'], description: 'what can be presented' })
  readonly methods: string[];

  @ApiProperty({ type: 'integer', minimum: 1, example: 300, description: 'seconds until the token expires' })
  readonly expiresIn: number;
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

  @ApiPropertyOptional({ type: ContinueWithSchema, description: 'the next step of a sign-in' })
  readonly continueWith?: ContinueWithSchema;
}
