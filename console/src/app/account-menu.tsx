import { Menu } from '@base-ui/react/menu';
import { Check, Keyboard, LogOut, UserRound } from 'lucide-react';
import { useAct } from '../act/use-act.js';
import { api } from '../api/client.js';
import { Button } from '../components/button.js';
import { KeyHint } from '../components/key-hint.js';
import popups from '../components/popup.module.css';
import { chooseLanguage, useLanguage, useWords } from '../language/language.js';
import { LANGUAGES } from '../language/words.js';
import { useViewer } from '../session/session.js';
import { chooseTheme, THEMES, useTheme } from '../theme/theme.js';
import { CONSOLE_PATH, PREFIX } from './base.js';
import styles from './layout.module.css';
import { words } from './words.js';

/** Who is signed in, the way to their own account and out, and how the console looks and speaks in this browser. */
export function AccountMenu({ onKeys }: { readonly onKeys: () => void }) {
  const say = useWords(words);
  const { firstName, lastName, username, email } = useViewer();
  const name = [firstName, lastName].filter(Boolean).join(' ') || username || email || '';
  const signOut = useAct({ run: () => api.POST('/auth/logout'), refresh: [] });
  const leave = async (): Promise<void> => {
    // The server leads on to the page for signing in.
    if (await signOut.start()) location.assign(CONSOLE_PATH);
  };
  return (
    <Menu.Root modal={false}>
      <Menu.Trigger
        render={
          <Button kind="quiet" className={styles.account} aria-label={say.accountMenu(name)} busy={signOut.busy} />
        }
      >
        <UserRound aria-hidden="true" />
        <bdi className={styles.accountName}>{name}</bdi>
      </Menu.Trigger>
      <Menu.Portal>
        <Menu.Positioner className={popups.positioner} align="start" sideOffset={4}>
          <Menu.Popup className={popups.popup}>
            <Menu.LinkItem className={popups.item} href={`${PREFIX}/account`}>
              <UserRound aria-hidden="true" />
              {say.account}
            </Menu.LinkItem>
            <Menu.Item className={popups.item} onClick={onKeys}>
              <Keyboard aria-hidden="true" />
              {say.keys}
              <span className={popups.end}>
                <KeyHint keys="?" />
              </span>
            </Menu.Item>
            <Menu.Separator className={popups.separator} />
            <Choice
              label={say.language}
              value={useLanguage()}
              onChange={chooseLanguage}
              options={LANGUAGES}
              names={say.languages}
            />
            <Menu.Separator className={popups.separator} />
            <Choice label={say.theme} value={useTheme()} onChange={chooseTheme} options={THEMES} names={say.themes} />
            <Menu.Separator className={popups.separator} />
            <Menu.Item className={popups.item} onClick={() => void leave()}>
              <LogOut aria-hidden="true" />
              {say.signOut}
            </Menu.Item>
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.Root>
  );
}

interface ChoiceProps<T extends string> {
  readonly label: string;
  readonly value: T;
  readonly onChange: (value: T) => void;
  readonly options: readonly T[];
  readonly names: Readonly<Record<T, string>>;
}

function Choice<T extends string>({ label, value, onChange, options, names }: ChoiceProps<T>) {
  return (
    <Menu.Group>
      <Menu.GroupLabel className={popups.group}>{label}</Menu.GroupLabel>
      <Menu.RadioGroup value={value} onValueChange={(next) => onChange(next as T)}>
        {options.map((option) => (
          <Menu.RadioItem key={option} value={option} className={popups.item}>
            <span className={popups.mark}>
              <Menu.RadioItemIndicator>
                <Check aria-hidden="true" />
              </Menu.RadioItemIndicator>
            </span>
            {names[option]}
          </Menu.RadioItem>
        ))}
      </Menu.RadioGroup>
    </Menu.Group>
  );
}
