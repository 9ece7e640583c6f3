import { Download, ShieldHalf, UserCheck, UserX } from 'lucide-react';
import { useState } from 'react';
import { useAct } from '../act/use-act.js';
import { answer, api } from '../api/client.js';
import type { BulkAction, ExportFormat, UserRole } from '../api/schema.js';
import { Button } from '../components/button.js';
import { ConfirmDialog } from '../components/confirm-dialog.js';
import { Menu } from '../components/menu.js';
import { Select } from '../components/select.js';
import { useWords } from '../language/language.js';
import { exportPeople } from './export-people.js';
import { ROLES } from './people-search.js';
import styles from './people.module.css';
import type { Selected } from './use-selection.js';
import { words } from './words.js';

const LONGEST_REASON = 500;

interface BulkBarProps {
  readonly people: readonly Selected[];
  readonly viewerId: string;
  /** Offers to select more of the list; undefined where there is no more. */
  readonly onSelectFirst: (() => void) | undefined;
  readonly selectFirst: number;
  readonly onClear: () => void;
  /** The act was accepted. */
  readonly onBegun: (actId: string) => void;
}

interface Asked {
  readonly reason?: string | undefined;
  readonly role?: UserRole;
}

/** What can be done with the people who are selected: what the links of at least one of them allow. */
export function BulkBar({ people, viewerId, onSelectFirst, selectFirst, onClear, onBegun }: BulkBarProps) {
  const say = useWords(words);
  const [asking, setAsking] = useState<BulkAction>();
  const [role, setRole] = useState<UserRole>('AUTHENTICATED');
  const ids = people.map(({ id }) => id);
  const those = (link: string): number => people.filter(({ may }) => may.has(link)).length;
  const begin = useAct({
    run: ({ reason, role: to }: Asked) =>
      answer(
        api.POST('/bulk-acts', {
          body: {
            action: asking ?? 'suspend',
            ids,
            ...(reason !== undefined && { reason }),
            ...(to && { role: to }),
          },
        }),
      ),
    refresh: [],
    errors: 'caller',
  });
  const download = useAct({
    run: (format: ExportFormat) => exportPeople(ids, format),
    done: () => ({ text: say.exported(ids.length) }),
    refresh: [],
  });
  const confirm = async (asked: Asked): Promise<void> => {
    const begun = await begin.start(asked);
    if (!begun) return;
    setAsking(undefined);
    onBegun(begun.output.id);
  };
  const close = (): void => {
    begin.reset();
    setAsking(undefined);
  };
  const left = asking ? people.length - those(asking) : 0;
  const dialog = {
    onClose: close,
    busy: begin.busy,
    error: begin.error,
  };
  // One's own data is no export of others.
  const mayExport = people.some(({ id, may }) => id !== viewerId && may.has('export'));
  return (
    <section className={styles.bar} aria-label={say.selection}>
      <strong role="status">{say.selected(people.length)}</strong>
      {those('suspend') > 0 && (
        <Button onClick={() => setAsking('suspend')}>
          <UserX aria-hidden="true" />
          {say.suspend}
        </Button>
      )}
      {those('reinstate') > 0 && (
        <Button onClick={() => setAsking('reinstate')}>
          <UserCheck aria-hidden="true" />
          {say.reinstate}
        </Button>
      )}
      {those('role') > 0 && (
        <Button onClick={() => setAsking('role')}>
          <ShieldHalf aria-hidden="true" />
          {say.changeRole}
        </Button>
      )}
      {mayExport && (
        <Menu
          align="start"
          trigger={
            <Button busy={download.busy}>
              <Download aria-hidden="true" />
              {say.exportAs}
            </Button>
          }
          items={[
            { label: say.exportCsv, onSelect: () => void download.start('csv') },
            { label: say.exportNdjson, onSelect: () => void download.start('ndjson') },
          ]}
        />
      )}
      {onSelectFirst && (
        <Button kind="quiet" onClick={onSelectFirst}>
          {say.selectFirst(selectFirst)}
        </Button>
      )}
      <span className={styles.barEnd}>
        <Button kind="quiet" onClick={onClear}>
          {say.deselect}
        </Button>
      </span>
      <ConfirmDialog
        {...dialog}
        open={asking === 'suspend'}
        title={say.confirmSuspend(people.length)}
        confirm={say.suspend}
        kind="danger"
        reason={{ maxLength: LONGEST_REASON, hint: say.reasonHint }}
        onConfirm={(reason) => void confirm({ reason })}
      >
        <p>{say.suspendMeans}</p>
        {left > 0 && <p>{say.someNotAllowed(left)}</p>}
      </ConfirmDialog>
      <ConfirmDialog
        {...dialog}
        open={asking === 'reinstate'}
        title={say.confirmReinstate(people.length)}
        confirm={say.reinstate}
        onConfirm={() => void confirm({})}
      >
        <p>{say.reinstateMeans}</p>
        {left > 0 && <p>{say.someNotAllowed(left)}</p>}
      </ConfirmDialog>
      <ConfirmDialog
        {...dialog}
        open={asking === 'role'}
        title={say.confirmRole(people.length)}
        confirm={say.changeRole}
        onConfirm={() => void confirm({ role })}
      >
        <Select
          label={say.newRole}
          value={role}
          onChange={setRole}
          options={ROLES.map((value) => ({ value, label: say.roles[value] }))}
        />
        <p>{say.roleMeans}</p>
        {left > 0 && <p>{say.someNotAllowed(left)}</p>}
      </ConfirmDialog>
    </section>
  );
}
