import type { AssertionJson } from '../second-factors/credential-json.js';
import { PasskeyAssertion } from '../second-factors/credential-property.js';
import { DeviceToken } from '../sign-in/device-token.dto.js';
import { KeepSignedIn, SessionProof } from '../sign-in/session-choice.dto.js';

export class PasskeySignInDto {
  @PasskeyAssertion() readonly assertion: AssertionJson;
  @DeviceToken() readonly deviceToken?: string;
  @SessionProof() readonly session?: 'tokens' | 'cookie';
  @KeepSignedIn() readonly keepSignedIn?: boolean;
}
