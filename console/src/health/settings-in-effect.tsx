import { useState } from 'react';
import type { SettingDetails } from '../api/schema.js';
import { Badge } from '../components/badge.js';
import { SearchField } from '../components/search-field.js';
import { EmptyState } from '../components/states.js';
import { HeadCell, Row, Table } from '../components/table.js';
import { useWords } from '../language/language.js';
import styles from './health.module.css';
import { words } from './words.js';

interface SettingsProps {
  readonly settings: readonly SettingDetails[];
  readonly sought: string;
  readonly onSeek: (sought: string) => void;
}

/** Every setting with where its value comes from; the server masks what is secret. */
export function SettingsInEffect({ settings, sought, onSeek }: SettingsProps) {
  const say = useWords(words);
  const [entered, setEntered] = useState(sought);
  const found = settings.filter((setting) => matches(setting, entered));
  return (
    <>
      <div className={styles.filters}>
        <div className={styles.search}>
          <SearchField
            label={say.search}
            value={entered}
            onChange={(value) => {
              setEntered(value);
              onSeek(value.trim());
            }}
            maxLength={100}
          />
        </div>
      </div>
      {found.length === 0 ? (
        <EmptyState title={say.noSettings}>
          <p>{say.noSettingsWhy}</p>
        </EmptyState>
      ) : (
        <Table label={say.settings}>
          <thead>
            <tr>
              <HeadCell>{say.setting}</HeadCell>
              <HeadCell>{say.value}</HeadCell>
              <HeadCell narrow>{say.origin}</HeadCell>
            </tr>
          </thead>
          <tbody>
            {found.map(({ name, value, origin, isSecret, description }) => (
              <Row key={name} data-setting={name}>
                <td className={styles.setting}>
                  <code>{name}</code>
                  <span className={styles.description}>{description}</span>
                </td>
                <td className={styles.value}>
                  {value === null ? '' : <code>{value}</code>} {isSecret && <Badge>{say.secret}</Badge>}
                </td>
                <td>
                  <Badge tone={origin === 'set' || origin === 'file' ? 'info' : 'neutral'}>{say.origins[origin]}</Badge>
                </td>
              </Row>
            ))}
          </tbody>
        </Table>
      )}
    </>
  );
}

function matches({ name, value, description }: SettingDetails, sought: string): boolean {
  const text = `${name} ${value ?? ''} ${description}`.toLowerCase();
  return sought
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}
