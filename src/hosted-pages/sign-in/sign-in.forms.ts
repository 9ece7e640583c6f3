import { CREDENTIAL_LENGTH } from '../passkey-field.js';
import { CONTINUE_LENGTH, FormField } from '../../http/pages/hosted-page.js';

/** Where to go on after signing in. */
export class ContinueQuery {
  @FormField(CONTINUE_LENGTH) readonly continue?: string;
}

export class SignInQuery extends ContinueQuery {
  /** To fill in. */
  @FormField(254) readonly identifier?: string;
  /** Shows the form although somebody is signed in. */
  @FormField(10) readonly another?: string;
  /** Why a sign-in by this provider did not succeed. */
  @FormField(40) readonly provider?: string;
  @FormField(40) readonly problem?: string;
}

export class SecondFactorQuery extends ContinueQuery {
  @FormField(10) readonly keepSignedIn?: string;
  /** The method whose form to show. */
  @FormField(20) readonly with?: string;
}

export class SecondFactorForm extends ContinueQuery {
  @FormField(10) readonly keepSignedIn?: string;
  @FormField(10) readonly rememberDevice?: string;
  @FormField(20) readonly method?: string;
  @FormField(64) readonly code?: string;
  @FormField(CREDENTIAL_LENGTH) readonly assertion?: string;
}

export class PasskeyForm extends ContinueQuery {
  @FormField(10) readonly keepSignedIn?: string;
  @FormField(CREDENTIAL_LENGTH) readonly assertion?: string;
}

export class TokenForm {
  @FormField(200) readonly token?: string;
}

export class CodeForm {
  @FormField(64) readonly code?: string;
}

export class SignInForm extends ContinueQuery {
  @FormField(254) readonly identifier?: string;
  @FormField(1024) readonly password?: string;
  @FormField(10) readonly keepSignedIn?: string;
}

export class SetUpForm extends SecondFactorQuery {
  @FormField(64) readonly code?: string;
}
