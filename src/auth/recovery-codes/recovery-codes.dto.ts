import { ApiProperty } from '@nestjs/swagger';

export class RecoveryCodesResponse {
  @ApiProperty({
    type: [String],
    example: ['k3q7x-9w2mn', '0d4fh-tz8vc'],
    description: 'to keep in a safe place; each works once, in any spacing or case',
  })
  readonly recoveryCodes: string[];
}
