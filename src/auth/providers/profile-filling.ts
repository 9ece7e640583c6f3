import type { Preset } from '../../config/provider-settings.js';
import type { NewUserEvent } from '../../events/catalogue.js';
import { updateProfile } from '../../users/aggregate/decide.js';
import { isGithubUrl, isLinkedinUrl } from '../../users/aggregate/profile-rules.js';
import type { UserState } from '../../users/aggregate/user.js';
import type { IdentityProfile } from '../identities/identities.js';

/** Fills the URL of GitHub or LinkedIn with the page of the person there, where the profile has none. */
export function fillProfile(
  state: UserState,
  preset: Preset | null,
  { url }: Pick<IdentityProfile, 'url'>,
): NewUserEvent[] {
  if (url === null) return [];
  const filled = {
    ...(preset === 'github' && state.githubUrl === null && isGithubUrl(url) && { githubUrl: url }),
    ...(preset === 'linkedin' && state.linkedinUrl === null && isLinkedinUrl(url) && { linkedinUrl: url }),
  };
  return Object.keys(filled).length === 0 ? [] : updateProfile(state, filled);
}
