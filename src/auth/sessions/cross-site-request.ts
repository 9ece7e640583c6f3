import { DomainError } from '../../problems/domain-error.js';

/** A change by cookie that does not show that it comes from a page of ours. */
export class CrossSiteRequest extends DomainError {
  readonly code = 'cross-site-request';
  constructor() {
    super(
      'Requests that change something by cookie must come from a page of this origin, or of one in CORS_ORIGINS. Other clients send an access token instead.',
    );
  }
}
