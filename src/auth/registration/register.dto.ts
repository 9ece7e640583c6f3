import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional, IsString } from 'class-validator';
import { IsAddress } from '../../users/aggregate/is-address.js';
import { Locale, Name } from '../../users/api/profile.dto.js';
import { USERNAME } from '../../users/api/username.dto.js';

export class RegisterDto {
  @ApiProperty({ example: 'ada@example.com', maxLength: 254, format: 'email' })
  @IsAddress()
  readonly email: string;

  @ApiProperty({
    example: 'nine brown foxes at dawn',
    maxLength: 128,
    format: 'password',
    description: 'at least 12 characters, unless configured otherwise',
  })
  @IsString({ message: 'must be a string' })
  readonly password: string;

  @ApiPropertyOptional({ type: String, nullable: true, example: 'ada', ...USERNAME })
  @IsOptional()
  @IsString({ message: 'must be a string' })
  readonly username?: string | null;

  @Name('Ada') readonly firstName?: string | null;
  @Name('Lovelace') readonly lastName?: string | null;
  @Name('ada') readonly nickname?: string | null;
  @Locale() readonly locale?: string | null;
}
