import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { answer, api } from '../api/client.js';
import type { HealthDetails } from '../api/schema.js';
import { Badge, type Tone } from '../components/badge.js';
import { Page } from '../components/page.js';
import { QueryState } from '../components/query-state.js';
import { Tabs } from '../components/tabs.js';
import { useLanguage, useWords } from '../language/language.js';
import { AllMails } from './all-mails.js';
import styles from './health.module.css';
import { Overview } from './overview.js';
import type { HealthSearch, HealthTab } from './address.js';
import { ProvidersInUse } from './providers-in-use.js';
import { SettingsInEffect } from './settings-in-effect.js';
import { words } from './words.js';

/** Often enough to watch a queue empty. */
const EVERY_MS = 5000;

const TONES: Readonly<Record<HealthDetails['status'], Tone>> = { up: 'good', degraded: 'warn', down: 'bad' };

/** How the installation is: checks and queues as they change, mails of everybody, providers of sign-ins, settings. */
export function HealthPage() {
  const say = useWords(words);
  const language = useLanguage();
  const search = useSearch({ from: '/health' });
  const navigate = useNavigate({ from: '/health' });
  const go = (change: HealthSearch): void => void navigate({ search: (before) => ({ ...before, ...change }) });
  const query = useQuery({
    // Its sentences are in the language of the reader.
    queryKey: ['health', language],
    queryFn: async ({ signal }) => answer(api.GET('/health/details', { signal })),
    refetchInterval: EVERY_MS,
  });
  const tab: HealthTab = search.tab ?? 'overview';
  return (
    <Page
      title={say.title}
      heading={
        <span className={styles.heading}>
          {say.title}
          {query.data && <Badge tone={TONES[query.data.status]}>{say.status[query.data.status]}</Badge>}
        </span>
      }
    >
      <QueryState query={query}>
        {(details) => (
          <Tabs
            label={say.tabList}
            value={tab}
            onChange={(next) => go({ tab: next === 'overview' ? undefined : next })}
            tabs={[
              { id: 'overview', label: say.tabs.overview, panel: <Overview details={details} /> },
              { id: 'mails', label: say.tabs.mails, panel: <AllMails search={search} onGo={go} /> },
              { id: 'providers', label: say.tabs.providers, panel: <ProvidersInUse providers={details.providers} /> },
              {
                id: 'settings',
                label: say.tabs.settings,
                panel: (
                  <SettingsInEffect
                    settings={details.settings}
                    sought={search.setting ?? ''}
                    onSeek={(setting) => go({ setting: setting || undefined })}
                  />
                ),
              },
            ]}
          />
        )}
      </QueryState>
    </Page>
  );
}
