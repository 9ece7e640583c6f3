import { useId, useState } from 'react';
import { ApiProblem } from '../api/api-problem.js';
import type { ClientResponse, ClientScope, GrantType, IdTokenAlgorithm, NewClientDto } from '../api/schema.js';
import { Button } from '../components/button.js';
import { Checkbox } from '../components/checkbox.js';
import { CheckList } from '../components/check-list.js';
import { Dialog } from '../components/dialog.js';
import { Refusal } from '../components/refusal.js';
import { Select } from '../components/select.js';
import { TextField } from '../components/text-field.js';
import { useWords } from '../language/language.js';
import styles from './applications.module.css';
import { words } from './words.js';

const SCOPES = ['openid', 'profile', 'email', 'phone', 'offline_access', 'roles'] as const satisfies ClientScope[];
const ALGORITHMS = ['RS256', 'ES256'] as const satisfies IdTokenAlgorithm[];
const KINDS = ['confidential', 'public'] as const;
const MAX_NAME = 100;

interface ApplicationFormProps {
  readonly title: string;
  /** The button: a verb. */
  readonly submit: string;
  /** What is changed; a new one without it. */
  readonly application?: ClientResponse;
  readonly onSubmit: (input: NewClientDto) => void;
  readonly onClose: () => void;
  readonly busy: boolean;
  readonly error: Error | undefined;
}

/** The dialog that adds or changes an application. */
export function ApplicationForm({ title, submit, application, onSubmit, onClose, busy, error }: ApplicationFormProps) {
  const say = useWords(words);
  const [name, setName] = useState(application?.name ?? '');
  const [isPublic, setPublic] = useState(application?.public ?? false);
  const [redirects, setRedirects] = useState(linesOf(application?.redirectUris));
  const [afterLogout, setAfterLogout] = useState(linesOf(application?.postLogoutRedirectUris));
  const [logoutUri, setLogoutUri] = useState(application?.backchannelLogoutUri ?? '');
  const [firstParty, setFirstParty] = useState(application?.firstParty ?? false);
  const [grants, setGrants] = useState<readonly GrantType[]>(
    application?.grantTypes ?? ['authorization_code', 'refresh_token'],
  );
  const [scopes, setScopes] = useState<readonly ClientScope[]>(application?.scopes ?? SCOPES);
  const [resources, setResources] = useState(linesOf(application?.resources));
  const [algorithm, setAlgorithm] = useState<IdTokenAlgorithm>(application?.idTokenSignedResponseAlg ?? 'RS256');
  const [claimsInIdToken, setClaims] = useState(application?.claimsInIdToken ?? false);
  const advanced = useId();

  const input: NewClientDto = {
    name: name.trim(),
    redirectUris: inLines(redirects),
    postLogoutRedirectUris: inLines(afterLogout),
    backchannelLogoutUri: logoutUri.trim() || null,
    grantTypes: [...grants],
    scopes: [...scopes],
    resources: inLines(resources),
    firstParty,
    idTokenSignedResponseAlg: algorithm,
    claimsInIdToken,
    ...(!application && { public: isPublic }),
  };
  const isReady = input.name !== '' && grants.length > 0 && scopes.length > 0;
  const wrong = (field: keyof NewClientDto): { error?: string } => {
    const message = messagesOf(error, field, input[field]);
    return message === undefined ? {} : { error: message };
  };
  const hasFieldError = (Object.keys(input) as (keyof NewClientDto)[]).some((field) => wrong(field).error);
  const hidden = ['postLogoutRedirectUris', 'backchannelLogoutUri', 'grantTypes', 'scopes', 'resources'] as const;
  const hiddenError = hidden.some((field) => wrong(field).error);
  const grantOptions = Object.entries(say.grants).map(([value, label]) => ({ value: value as GrantType, label }));
  return (
    <Dialog
      open
      wide
      onClose={onClose}
      title={title}
      onSubmit={() => isReady && onSubmit(input)}
      actions={
        <>
          <Button onClick={onClose}>{say.cancel}</Button>
          <Button kind="primary" type="submit" busy={busy} disabled={!isReady}>
            {submit}
          </Button>
        </>
      }
    >
      <div className={styles.fields}>
        <TextField
          label={say.name}
          hint={say.nameHint}
          value={name}
          onChange={setName}
          maxLength={MAX_NAME}
          autoComplete="off"
          {...wrong('name')}
        />
        {!application && (
          <Select
            label={say.kind}
            hint={say.kindHint}
            value={isPublic ? 'public' : 'confidential'}
            options={KINDS.map((value) => ({ value, label: say.kinds[value] }))}
            onChange={(value) => setPublic(value === 'public')}
          />
        )}
        <TextField
          label={say.redirectUris}
          hint={say.redirectUrisHint}
          value={redirects}
          onChange={setRedirects}
          rows={2}
          {...wrong('redirectUris')}
        />
        <Checkbox label={say.firstPartyLabel} checked={firstParty} onChange={setFirstParty} />
        <details className={styles.more} id={advanced} {...(hiddenError && { open: true })}>
          <summary>{say.more}</summary>
          <div>
            <TextField
              label={say.backchannelLogoutUri}
              hint={say.backchannelLogoutUriHint}
              type="url"
              value={logoutUri}
              onChange={setLogoutUri}
              autoComplete="off"
              spellCheck={false}
              optional
              {...wrong('backchannelLogoutUri')}
            />
            <TextField
              label={say.postLogoutRedirectUris}
              hint={say.onePerLine}
              value={afterLogout}
              onChange={setAfterLogout}
              rows={2}
              optional
              {...wrong('postLogoutRedirectUris')}
            />
            <CheckList
              label={say.grantTypes}
              options={grantOptions}
              values={grants}
              onChange={setGrants}
              error={wrong('grantTypes').error}
            />
            <CheckList
              label={say.scopes}
              options={SCOPES.map((value) => ({ value, label: value }))}
              values={scopes}
              onChange={setScopes}
              error={wrong('scopes').error}
            />
            <TextField
              label={say.resources}
              hint={say.resourcesHint}
              value={resources}
              onChange={setResources}
              rows={2}
              optional
              {...wrong('resources')}
            />
            <Select
              label={say.idTokenSignedResponseAlg}
              value={algorithm}
              options={ALGORITHMS.map((value) => ({ value, label: value }))}
              onChange={setAlgorithm}
            />
            <div className={styles.choice}>
              <Checkbox label={say.claimsInIdTokenLabel} checked={claimsInIdToken} onChange={setClaims} />
              <p className={styles.hint}>{say.claimsInIdTokenHint}</p>
            </div>
          </div>
        </details>
      </div>
      {!hasFieldError && <Refusal error={error} />}
    </Dialog>
  );
}

const linesOf = (values: readonly string[] | undefined): string => (values ?? []).join('\n');

const inLines = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');

/** What is wrong with a field, and of a list with which of its entries. */
function messagesOf(error: Error | undefined, field: string, value: unknown): string | undefined {
  if (!(error instanceof ApiProblem)) return undefined;
  const found = error.errors.flatMap(({ path, message }) => {
    if (path === field) return [message];
    const [list, index] = path.split('.');
    const entry = Array.isArray(value) ? (value[Number(index)] as unknown) : undefined;
    return list === field ? [typeof entry === 'string' ? `${entry}: ${message}` : message] : [];
  });
  return found.length === 0 ? undefined : found.join('\n');
}
