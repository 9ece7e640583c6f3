import { FormField } from '../../http/pages/hosted-page.js';
import { ContinueQuery } from '../sign-in/sign-in.forms.js';

export class SignUpForm extends ContinueQuery {
  @FormField(254) readonly email?: string;
  @FormField(1024) readonly password?: string;
  @FormField(128) readonly username?: string;
  @FormField(100) readonly firstName?: string;
  @FormField(100) readonly lastName?: string;
  @FormField(100) readonly nickname?: string;
}

export class ForgotPasswordForm extends ContinueQuery {
  @FormField(254) readonly email?: string;
}
