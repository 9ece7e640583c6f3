import { Link } from '@tanstack/react-router';
import { useAct } from '../act/use-act.js';
import { answer, api } from '../api/client.js';
import type { MailState, UserMailItem } from '../api/schema.js';
import { Badge, type Tone } from '../components/badge.js';
import { Button } from '../components/button.js';
import { HeadCell, Row, Table } from '../components/table.js';
import { Time } from '../components/time.js';
import { mailName, mailWords } from '../events-in-words/mail-words.js';
import { useWords } from '../language/language.js';
import styles from './help.module.css';
import { words } from './words.js';

const TONES: Readonly<Record<MailState, Tone>> = { queued: 'warn', sent: 'good', failed: 'bad' };

interface MailsTableProps {
  readonly mails: readonly UserMailItem[];
  readonly label: string;
  readonly busy?: boolean;
}

/** Mails with what became of each, and a button that sends it again where the API offers that. */
export function MailsTable({ mails, label, busy = false }: MailsTableProps) {
  const say = useWords(words);
  const names = useWords(mailWords);
  return (
    <Table label={label} busy={busy}>
      <thead>
        <tr>
          <HeadCell narrow>{say.when}</HeadCell>
          <HeadCell>{say.mail}</HeadCell>
          <HeadCell>{say.to}</HeadCell>
          <HeadCell narrow>{say.state}</HeadCell>
          <HeadCell>{say.reason}</HeadCell>
          <HeadCell narrow>
            <span className="visually-hidden">{say.resend}</span>
          </HeadCell>
        </tr>
      </thead>
      <tbody>
        {mails.map((mail) => (
          <Row key={mail.id}>
            <td>
              <Time at={mail.sentAt ?? mail.createdAt} />
            </td>
            <td>{mailName(names, mail.template)}</td>
            <td>
              <Link to="/people/$id" params={{ id: mail.userId }}>
                {mail.recipient}
              </Link>
            </td>
            <td>
              <Badge tone={TONES[mail.state]}>{names.states[mail.state]}</Badge>
            </td>
            <td className={styles.why}>{mail.state === 'sent' ? mail.answer : mail.reason}</td>
            <td>{mail._links['resend'] && <Resend mail={mail} />}</td>
          </Row>
        ))}
      </tbody>
    </Table>
  );
}

function Resend({ mail }: { readonly mail: UserMailItem }) {
  const say = useWords(words);
  const act = useAct({
    run: async () => answer(api.POST('/mails/{id}/resend', { params: { path: { id: mail.id } } })),
    done: () => ({ text: say.resent }),
  });
  return (
    <Button busy={act.busy} onClick={() => void act.start()} aria-label={`${say.resend}: ${mail.recipient}`}>
      {say.resend}
    </Button>
  );
}
