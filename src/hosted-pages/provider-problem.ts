import { PROVIDER_PROBLEMS } from '../auth/providers/provider-errors.js';
import type { Providers } from '../auth/providers/providers.js';
import { camelCase } from '../http/pages/form-state.js';

/** Why a sign-in by a provider did not succeed, for `provider-problem.hbs`. */
export interface ProviderProblemShown {
  /** Of the provider, for people. */
  readonly name: string;
  readonly is: Readonly<Record<string, true>>;
}

/** As a page is asked for: both come from an address, which anybody can write. */
export function providerProblem(
  providers: Providers,
  { provider: id, problem }: { readonly provider?: string; readonly problem?: string },
): ProviderProblemShown | null {
  const provider = providers.all().find((one) => one.id === id);
  const known = PROVIDER_PROBLEMS.find((one) => one === problem);
  return provider && known ? { name: provider.name, is: { [camelCase(known)]: true } } : null;
}
