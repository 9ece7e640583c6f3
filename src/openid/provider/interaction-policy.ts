import type { Context, interactionPolicy as Policy } from 'oidc-provider';
import { isClaimable } from '../clients/redirect-uris.js';

/** What a client that asks for a level of assurance wants in the first place (OpenID Connect Core 1.0, 3.1.2.1). */
export const wantedLevel = (params: Readonly<Record<string, unknown>>): string | undefined =>
  typeof params['acr_values'] === 'string' ? params['acr_values'].split(' ', 1)[0] : undefined;

/** When somebody is asked something before they go back to the client. */
export function interactionPolicyOf(library: typeof Policy): object {
  const { Check, Prompt } = library;
  const policy = library.base();
  const consent = policy.get('consent').checks;
  // The library asks by the type of the client; what matters is where this one answer goes.
  consent.remove('native_client_prompt');
  consent.add(
    new Check(
      'native_client_prompt',
      'another program may claim this redirect URI, so somebody has to answer',
      'interaction_required',
      ({ oidc }: Context) =>
        oidc.result?.['consent'] === undefined &&
        oidc.client.clientAuthMethod === 'none' &&
        isClaimable(oidc.params['redirect_uri']),
    ),
  );
  policy.get('login').checks.add(
    new Check('acr_values', 'a stronger sign-in was requested', 'login_required', ({ oidc }: Context) => {
      // Voluntary: asked for once, and whatever comes of it goes into the tokens.
      return wantedLevel(oidc.params) === 'aal2' && oidc.acr === 'aal1' && oidc.result?.['login'] === undefined;
    }),
  );
  policy.add(new Prompt({ name: 'select_account', requestable: true }), 0);
  return policy;
}
