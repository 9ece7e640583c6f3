import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { type Preset, PRESETS } from '../../config/provider-settings.js';

/** A call that a client makes. */
export class MethodCall {
  @ApiProperty({ format: 'uri-reference', example: '/auth/login' }) readonly href: string;
  @ApiProperty({ enum: ['GET', 'POST'], example: 'POST' }) readonly method: 'GET' | 'POST';
}

/** What a button for a provider shows. */
export class OfferedProvider {
  @ApiProperty({ example: 'Google', description: 'for people' }) readonly name: string;
  @ApiProperty({
    type: String,
    enum: PRESETS,
    nullable: true,
    example: 'google',
    description: 'whose mark to show; null for one of your own',
  })
  readonly preset: Preset | null;
}

/** What a client needs to offer a sign-in method. */
export class MethodOffer {
  @ApiProperty({ example: 'Email or username, and password' }) readonly label: string;
  @ApiProperty({ type: MethodCall, description: 'the call that begins a sign-in' }) readonly signIn: MethodCall;
  @ApiPropertyOptional({
    type: MethodCall,
    description: 'the call that begins a registration; absent if the method has none',
  })
  readonly register?: MethodCall;

  @ApiPropertyOptional({
    type: OfferedProvider,
    description:
      'for a provider: `signIn.href` is for the browser to open, with `?continue=` for where to go on, and `codeChallenge` for applications',
  })
  readonly provider?: OfferedProvider;
}
