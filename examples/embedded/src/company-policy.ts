import { Injectable } from '@nestjs/common';
import { BeforeRegistration, type RegistrationRequest } from 'roster';

@Injectable()
export class CompanyPolicy {
  /** Only people of the company may register. */
  @BeforeRegistration()
  refuseStrangers({ email }: RegistrationRequest): void {
    if (!email.toLowerCase().endsWith('@acme.example')) throw new Error('Please register with your Acme address.');
  }
}
