import { ApiProperty } from '@nestjs/swagger';
import { IsString } from 'class-validator';

export class RefreshDto {
  @ApiProperty({
    description: 'the latest refresh token of the session',
    maxLength: 4096,
    example: '019aa53d-22b4-7d01-9a3e-5b6c7d8e9f00.3.bm90LWEtdG9rZW4tYnV0LWFzLWxvbmctYXMtb25lLWlz',
  })
  @IsString({ message: 'must be a string' })
  readonly refreshToken: string;
}
