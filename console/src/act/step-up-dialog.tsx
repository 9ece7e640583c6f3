import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { ApiProblem } from '../api/api-problem.js';
import { answer, api } from '../api/client.js';
import { PREFIX } from '../app/base.js';
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
import { useAct } from './use-act.js';
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
  const method = chosen ?? methods.data?.[0];

  const proof = async (): Promise<StepUpDto> => {
    if (method === 'password') return { method, password: entered };
    if (method !== 'passkey') return { method: method ?? 'totp', code: entered };
    const options = await answer(api.POST('/auth/step-up/passkey-options'));
    const assertion = await provePasskey(options).catch((failure: unknown) => {
      throw Object.assign(new Error('No proof', { cause: failure }), { ownWords: say.passkeyFailed });
    });
    return { method, assertion };
  };
  const prove = useAct({
    run: async () => {
      try {
        await answer(api.POST('/auth/step-up', { body: await proof() }));
      } catch (refusal) {
        // It has to be entered anew; what was refused for another reason has not.
        if (refusal instanceof ApiProblem && refusal.code === 'step-up-failed') setEntered('');
        throw refusal;
      }
    },
    refresh: [],
    errors: 'caller',
  });
  const submit = async (): Promise<void> => {
    if (await prove.start()) settle(true);
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
            <Button type="submit" kind="primary" busy={prove.busy} disabled={method !== 'passkey' && entered === ''}>
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
                  prove.reset();
                }}
                options={ways.map((value) => ({ value, label: names[value] }))}
              />
            )}
            {ways.length === 0 && (
              <p>
                {say.noWay} <a href={`${PREFIX}/sign-in?another=yes`}>{say.signInAgain}</a>
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
      <Refusal error={prove.error} />
    </Dialog>
  );
}
