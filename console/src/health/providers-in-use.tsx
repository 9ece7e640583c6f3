import type { ProviderDetails } from '../api/schema.js';
import { Badge } from '../components/badge.js';
import { Copy } from '../components/copy.js';
import { EmptyState } from '../components/states.js';
import { HeadCell, Row, Table } from '../components/table.js';
import { formatNumber, localeOf } from '../language/formats.js';
import { useLanguage, useWords } from '../language/language.js';
import type { Language } from '../language/words.js';
import { Time } from '../components/time.js';
import styles from './health.module.css';
import { words } from './words.js';

/** The providers of the settings, with what has to be registered there. They are changed by the environment only. */
export function ProvidersInUse({ providers }: { readonly providers: readonly ProviderDetails[] }) {
  const say = useWords(words);
  const language = useLanguage();
  if (providers.length === 0) {
    return (
      <EmptyState title={say.noProviders}>
        <p>{say.noProvidersWhy}</p>
      </EmptyState>
    );
  }
  return (
    <>
      <Table label={say.providers}>
        <thead>
          <tr>
            <HeadCell>{say.provider}</HeadCell>
            <HeadCell>{say.issuer}</HeadCell>
            <HeadCell narrow>{say.addresses}</HeadCell>
            <HeadCell narrow>{say.linkedAccounts}</HeadCell>
            <HeadCell narrow>{say.lastUsed}</HeadCell>
            <HeadCell>{say.callback}</HeadCell>
          </tr>
        </thead>
        <tbody>
          {providers.map(({ id, name, preset, issuer, isTrusted, callbackUrl, identities, lastUsedAt }) => (
            <Row key={id} data-provider={id}>
              <td className={styles.setting}>
                <bdi>{name}</bdi> {preset === null && <Badge>{say.ownProvider}</Badge>}
                <span className={styles.description}>
                  <code>{id}</code>
                </span>
              </td>
              <td className={styles.value}>
                <code>{issuer}</code>
              </td>
              <td>
                <Badge tone={isTrusted ? 'info' : 'neutral'}>{isTrusted ? say.trusted : say.notTrusted}</Badge>
              </td>
              <td className={styles.number}>{countOf(identities, language)}</td>
              <td>{lastUsedAt === null ? say.never : <Time at={lastUsedAt} />}</td>
              <td className={styles.value}>
                <code>{callbackUrl}</code> <Copy text={callbackUrl} label={say.copyCallback(name)} />
              </td>
            </Row>
          ))}
        </tbody>
      </Table>
      <p className={styles.below}>{say.trustedWhat}</p>
    </>
  );
}

/** As far as the server counts. */
const MOST = 100_000;

function countOf(identities: number | null, language: Language): string {
  if (identities === null) return '–';
  return formatNumber(identities, localeOf(language)) + (identities === MOST ? '+' : '');
}
