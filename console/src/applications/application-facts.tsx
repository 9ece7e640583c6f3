import type { ClientResponse } from '../api/schema.js';
import { Copy } from '../components/copy.js';
import { Time } from '../components/time.js';
import { useLanguage, useWords } from '../language/language.js';
import styles from './applications.module.css';
import { SETTINGS, settingText } from './setting-text.js';
import { words } from './words.js';

/** The settings of an application. Its name stands above them. */
export function ApplicationFacts({ application }: { readonly application: ClientResponse }) {
  const say = useWords(words);
  const language = useLanguage();
  const { clientId, previousSecretUntil, createdAt } = application;
  const settings = SETTINGS.filter((setting) => setting !== 'name');
  return (
    <dl className={styles.facts}>
      <dt>{say.clientId}</dt>
      <dd>
        <code>{clientId}</code> <Copy text={clientId} label={say.copy(say.clientId)} />
      </dd>
      {settings.map((setting) => (
        <Fact
          key={setting}
          name={say[setting]}
          lines={settingText(language, setting, application[setting]).split('\n')}
        />
      ))}
      {previousSecretUntil !== null && (
        <>
          <dt>{say.previousSecret}</dt>
          <dd>
            {say.previousSecretUntil} <Time at={previousSecretUntil} absolute />
          </dd>
        </>
      )}
      <dt>{say.created}</dt>
      <dd>
        <Time at={createdAt} />
      </dd>
    </dl>
  );
}

function Fact({ name, lines }: { readonly name: string; readonly lines: readonly string[] }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>
        {lines.map((line) => (
          <div key={line}>{line}</div>
        ))}
      </dd>
    </>
  );
}
