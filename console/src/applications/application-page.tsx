import { Link, useParams } from '@tanstack/react-router';
import { ApiProblem } from '../api/api-problem.js';
import { Page } from '../components/page.js';
import { QueryState } from '../components/query-state.js';
import { useWords } from '../language/language.js';
import { ApplicationActs } from './application-acts.js';
import { ApplicationBadges } from './application-badges.js';
import { ApplicationFacts } from './application-facts.js';
import { ApplicationLog } from './application-log.js';
import styles from './applications.module.css';
import { useApplication } from './queries.js';
import { QuickStart } from './quick-start.js';
import { words } from './words.js';

/** One application: its settings, what to put into it, and who did what to it. */
export function ApplicationPage() {
  const say = useWords(words);
  const { id } = useParams({ from: '/applications/$id' });
  const query = useApplication(id);
  const application = query.data?.data;
  const isGone = query.error instanceof ApiProblem && query.error.status === 404;
  return (
    <Page
      title={application?.name ?? say.application}
      heading={
        application && (
          <>
            {application.name} <ApplicationBadges application={application} />
          </>
        )
      }
      actions={query.data && <ApplicationActs application={query.data.data} etag={query.data.etag} />}
    >
      <p className={styles.back}>
        <Link to="/applications">← {say.title}</Link>
      </p>
      <QueryState query={query}>
        {({ data }) => (
          <>
            <ApplicationFacts application={data} />
            <QuickStart application={data} />
          </>
        )}
      </QueryState>
      {(application !== undefined || isGone) && <ApplicationLog id={id} />}
    </Page>
  );
}
