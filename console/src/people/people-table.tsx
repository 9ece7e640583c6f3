import { memo, type MouseEvent, type ReactNode } from 'react';
import type { User, UserSort } from '../api/schema.js';
import { CONSOLE_PATH } from '../app/base.js';
import { Badge, StatusBadge } from '../components/badge.js';
import { HeadCell, Row, SelectAllCell, SelectCell, Table } from '../components/table.js';
import { Time } from '../components/time.js';
import type { useRowKeys } from '../components/use-row-keys.js';
import { useWords } from '../language/language.js';
import { nameOf } from '../person/names.js';
import type { Column } from './people-search.js';
import styles from './people.module.css';
import type { Selection } from './use-selection.js';
import { words } from './words.js';

/** The columns that the API sorts by. */
const SORT_OF: Readonly<Partial<Record<Column, 'createdAt' | 'email' | 'lastLoginAt'>>> = {
  email: 'email',
  lastSignIn: 'lastLoginAt',
  created: 'createdAt',
};

interface PeopleTableProps {
  readonly people: readonly User[];
  readonly columns: readonly Column[];
  readonly sort: UserSort;
  readonly onSort: (sort: UserSort) => void;
  readonly busy: boolean;
  readonly selection: Selection;
  readonly onSelect: (users: readonly User[], isSelected: boolean) => void;
  readonly onOpen: (user: User) => void;
  readonly rowProps: ReturnType<typeof useRowKeys>['rowProps'];
}

export function PeopleTable({
  people,
  columns,
  sort,
  onSort,
  busy,
  selection,
  onSelect,
  onOpen,
  rowProps,
}: PeopleTableProps) {
  const say = useWords(words);
  const selected = people.filter(({ id }) => selection.has(id)).length;
  return (
    <Table label={say.list} busy={busy}>
      <thead>
        <tr>
          <SelectAllCell
            checked={selected === 0 ? false : selected === people.length || 'some'}
            onChange={(isSelected) => onSelect(people, isSelected)}
          />
          <HeadCell>{say.column.name}</HeadCell>
          {columns.map((column) => (
            <ColumnHead key={column} column={column} sort={sort} onSort={onSort} />
          ))}
        </tr>
      </thead>
      <tbody>
        {people.map((user, index) => (
          <Row
            key={user.id}
            {...rowProps(index)}
            className={styles.row}
            selected={selection.has(user.id)}
            onClick={(event) => {
              if (!opens(event)) return;
              event.preventDefault();
              onOpen(user);
            }}
          >
            <SelectCell
              checked={selection.has(user.id)}
              name={nameOf(user) ?? say.unnamed}
              onChange={(isSelected) => onSelect([user], isSelected)}
            />
            <Cells user={user} columns={columns} />
          </Row>
        ))}
      </tbody>
    </Table>
  );
}

/** Whether a click on a row opens the person here. Boxes and times are what they are, and so is a link that goes to another tab. */
function opens({ target, ctrlKey, metaKey, shiftKey }: MouseEvent): boolean {
  if (!(target instanceof Element)) return false;
  const leadsElsewhere = ctrlKey || metaKey || shiftKey;
  return target.closest('a') ? !leadsElsewhere : !target.closest('button, label, input');
}

interface CellsProps {
  readonly user: User;
  readonly columns: readonly Column[];
}

/**
 * What a row says. Drawn again only for another person or other columns, and with a link that does not follow the address, since both
 * would be done fifty times at each key of a search.
 */
const Cells = memo(
  function Cells({ user, columns }: CellsProps) {
    const say = useWords(words);
    return (
      <>
        <td>
          <a href={`${CONSOLE_PATH}/people/${user.id}`} tabIndex={-1}>
            {nameOf(user) ?? <span className={styles.faint}>{say.unnamed}</span>}
          </a>
        </td>
        {columns.map((column) => (
          <td key={column}>
            <Value user={user} column={column} />
          </td>
        ))}
      </>
    );
  },
  (before, now) => before.user === now.user && before.columns.join() === now.columns.join(),
);

interface ColumnHeadProps {
  readonly column: Column;
  readonly sort: UserSort;
  readonly onSort: (sort: UserSort) => void;
}

function ColumnHead({ column, sort, onSort }: ColumnHeadProps) {
  const say = useWords(words);
  const key = SORT_OF[column];
  if (!key) return <HeadCell>{say.column[column]}</HeadCell>;
  const sorted = sort === key ? 'ascending' : sort === `-${key}` ? 'descending' : null;
  // Of times the newest come first, as of names the A.
  const first: UserSort = key === 'email' ? key : `-${key}`;
  const other: UserSort = key === 'email' ? `-${key}` : key;
  return (
    <HeadCell sorted={sorted} onSort={() => onSort(sort === first ? other : first)}>
      {say.column[column]}
    </HeadCell>
  );
}

function Value({ user, column }: { readonly user: User; readonly column: Column }): ReactNode {
  const say = useWords(words);
  switch (column) {
    case 'status':
      return <StatusBadge status={user.status} />;
    case 'role':
      return user.role === 'AUTHENTICATED' ? (
        <span className={styles.soft}>{say.roles[user.role]}</span>
      ) : (
        <Badge tone="info">{say.roles[user.role]}</Badge>
      );
    case 'lastSignIn':
      return user.lastLoginAt === null ? (
        <span className={styles.faint}>{say.never}</span>
      ) : (
        <Time at={user.lastLoginAt} />
      );
    case 'created':
      return <Time at={user.createdAt} />;
    case 'verified':
      return say.yesNo[user.emailVerified ? 'yes' : 'no'];
    case 'professional':
      return say.yesNo[user.isProfessional ? 'yes' : 'no'];
    default:
      return user[column] ?? <span className={styles.faint}>–</span>;
  }
}
