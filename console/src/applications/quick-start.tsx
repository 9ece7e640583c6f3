import type { ClientResponse } from '../api/schema.js';
import { CodeBlock } from '../components/code-block.js';
import { useWords } from '../language/language.js';
import styles from './applications.module.css';
import { issuer } from './queries.js';
import { words } from './words.js';

/** What to put into the application. */
export function QuickStart({ application }: { readonly application: ClientResponse }) {
  const say = useWords(words);
  return (
    <div className={styles.section}>
      <h2>{say.quickStart}</h2>
      <p className={styles.soft}>{say.quickStartWhy}</p>
      <CodeBlock label={say.quickStart} value={snippetOf(application, say.secretHidden)} />
      <p>
        {say.discovery}:{' '}
        <a href={`${issuer()}/.well-known/openid-configuration`} target="_blank" rel="noreferrer">
          {issuer()}/.well-known/openid-configuration
        </a>
      </p>
    </div>
  );
}

/** In the names that most applications read from their environment. */
function snippetOf({ clientId, redirectUris, scopes, public: isPublic }: ClientResponse, secret: string): string {
  const lines = [
    ['OIDC_ISSUER', issuer()],
    ['OIDC_CLIENT_ID', clientId],
    ...(isPublic ? [] : [['OIDC_CLIENT_SECRET', `<${secret}>`]]),
    ...redirectUris.slice(0, 1).map((uri) => ['OIDC_REDIRECT_URI', uri]),
    ['OIDC_SCOPES', `"${scopes.join(' ')}"`],
  ];
  return lines.map(([name = '', value = '']) => `${name}=${value}`).join('\n');
}
