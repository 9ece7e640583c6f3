import { ApiProperty } from '@nestjs/swagger';
import { IsAddress } from '../../users/is-address.js';

export class ResendVerificationDto {
  @ApiProperty({ example: 'ada@example.com', maxLength: 254, format: 'email' })
  @IsAddress()
  readonly email: string;
}
