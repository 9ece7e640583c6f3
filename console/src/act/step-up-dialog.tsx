import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { ApiProblem } from '../api/api-problem.js';
import { answer, api } from '../api/client.js';
import type { StepUpDto } from '../api/schema.js';
import { Button } from '../components/button.js';
import { Dialog } from '../components/dialog.js';
import { QueryState } from '../components/query-state.js';
import { Refusal } from '../components/refusal.js';
import { Select } from '../components/select.js';
import { TextField } from '../components/text-field.js';
import { useWords } from '../language/language.js';
import { useStore } from '../store.js';
import { knowsPasskeys, provePasskey } from './passkey.js';
import { stepUp } from './questions.js';
import { words } from './words.js';

type Method = StepUpDto['method'];

/** By what the person can prove again who they are, the most usual first. */
async function stepUpMethods(signal: AbortSignal): Promise<Method[]> {
  const path = { id: 'me' };
  const factors = await answer(api.GET('/users/{id}/factors', { params: { path }, signal }));
  const kinds = new Set(factors.items.map(({ kind }) => kind));
  if (kinds.size === 0) {
    const methods = await answer(api.GET('/users/{id}/methods', { params: { path }, signal }));
    return methods.items.some(({ id }) => id === 'password') ? ['password'] : [];
  }
  return [
    ...(kinds.has('passkey') && knowsPasskeys() ? (['passkey'] as const) : []),
    ...(kinds.has('totp') ? (['totp'] as const) : []),
    ...(factors.recoveryCodesLeft > 0 ? (['recovery-code'] as const) : []),
  ];
}

/** Asks for a fresh proof (RFC 9470) whenever an act takes one; see `useAct`. */
export function StepUpDialog() {
  const asked = useStore(stepUp.asked);
  return asked && <OpenDialog settle={asked.settle} />;
}

function OpenDialog({ settle }: { readonly settle: (isProved: boolean) => void }) {
  const say = useWords(words);
  const methods = useQuery({
    queryKey: ['step-up-methods'],
    queryFn: ({ signal }) => stepUpMethods(signal),
    gcTime: 0,
  });
  const [chosen, setChosen] = useState<Method>();
  const [entered, setEntered] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<Error>();
  const method = chosen ?? methods.data?.[0];

  const proof = async (): Promise<StepUpDto> => {
    if (method === 'password') return { method, password: entered };
    if (method !== 'passkey') return { method: method ?? 'totp', code: entered };
    const options = await answer(api.POST('/auth/step-up/passkey-options'));
    return { method, assertion: await provePasskey(options) };
  };
  const submit = async (): Promise<void> => {
    if (busy) return;
    setBusy(true);
    setError(undefined);
    try {
      await answer(api.POST('/auth/step-up', { body: await proof() }));
      settle(true);
    } catch (caught) {
      setEntered('');
      setError(refusalOf(caught, say));
    } finally {
      setBusy(false);
    }
  };

  const labels: Record<Method, string> = {
    password: say.password,
    totp: say.totp,
    'recovery-code': say.recoveryCode,
    passkey: say.passkey,
  };
  const names: Record<Method, string> = {
    password: say.password,
    totp: say.byTotp,
    'recovery-code': say.byRecoveryCode,
    passkey: say.byPasskey,
  };
  const canProve = method !== undefined;
  return (
    <Dialog
      open
      onClose={() => settle(false)}
      title={say.title}
      onSubmit={() => void submit()}
      actions={
        <>
          <Button onClick={() => settle(false)}>{say.cancel}</Button>
          {canProve && (
            <Button type="submit" kind="primary" busy={busy} disabled={method !== 'passkey' && entered === ''}>
              {method === 'passkey' ? say.passkey : say.confirm}
            </Button>
          )}
        </>
      }
    >
      <p>{say.why}</p>
      <QueryState query={methods}>
        {(ways) => (
          <>
            {ways.length > 1 && (
              <Select
                label={say.way}
                value={method ?? 'totp'}
                onChange={(next) => {
                  setChosen(next);
                  setEntered('');
                  setError(undefined);
                }}
                options={ways.map((value) => ({ value, label: names[value] }))}
              />
            )}
            {ways.length === 0 && (
              <p>
                {say.noWay} <a href="/sign-in?another=yes">{say.signInAgain}</a>
              </p>
            )}
            {method !== undefined && method !== 'passkey' && (
              <TextField
                key={method}
                label={labels[method]}
                value={entered}
                onChange={setEntered}
                type={method === 'password' ? 'password' : 'text'}
                autoComplete={method === 'password' ? 'current-password' : 'one-time-code'}
                inputMode={method === 'totp' ? 'numeric' : undefined}
                hint={method === 'recovery-code' ? say.recoveryHint : undefined}
                maxLength={method === 'password' ? undefined : 64}
                // The dialog has nothing else to enter.
                autoFocus
              />
            )}
          </>
        )}
      </QueryState>
      <Refusal error={error} />
    </Dialog>
  );
}

function refusalOf(caught: unknown, say: { readonly wrong: string; readonly passkeyFailed: string }): Error {
  if (caught instanceof DOMException) return Object.assign(new Error(caught.name), { ownWords: say.passkeyFailed });
  if (caught instanceof ApiProblem) return caught;
  return caught instanceof Error ? caught : new Error(String(caught));
}
