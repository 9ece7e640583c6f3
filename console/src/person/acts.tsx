import { ChevronDown } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import { answer, api } from '../api/client.js';
import { Button } from '../components/button.js';
import { Menu, type MenuItem } from '../components/menu.js';
import { useWords } from '../language/language.js';
import { ActDialog, type Asking } from './act-dialogs.js';
import { useShown } from './shown-person.js';
import { usePerform } from './use-perform.js';
import { words } from './words.js';

/** What the reader may do with the person, by its links: the usual as buttons, the rest in a menu. */
export function Acts() {
  const say = useWords(words);
  const { user } = useShown();
  const [asking, ask] = useState<Asking>();
  const { perform, busy } = usePerform();
  const { _links: links, id, isProfessional } = user;
  const asks = (act: Asking, danger = false): MenuItem[] =>
    act in links ? [{ label: say.acts[act], onSelect: () => ask(act), danger }] : [];

  const exported = () =>
    perform({
      act: async () =>
        save(`user-${id}.json`, await answer(api.GET('/users/{id}/export', { params: { path: { id } } }))),
      done: say.done.exported,
    });
  const professional = () =>
    perform({
      act: (etag) =>
        answer(
          api.PUT('/users/{id}/professional-status', {
            params: { path: { id }, header: { 'if-match': etag } },
            body: { isProfessional: !isProfessional },
          }),
        ),
      done: say.done.professional,
      mine: { isProfessional: !isProfessional },
    });

  const gentle: MenuItem[] = [
    ...asks('role'),
    ...asks('username'),
    ...asks('email'),
    ...('professionalStatus' in links
      ? [
          {
            label: isProfessional ? say.acts.notProfessional : say.acts.professional,
            onSelect: () => void professional(),
          },
        ]
      : []),
    ...('export' in links ? [{ label: say.acts.export, onSelect: () => void exported() }] : []),
  ];
  const severe: MenuItem[] = [
    ...asks('endSessions'),
    ...asks('resetFactors'),
    ...asks('delete', true),
    ...asks('erase', true),
  ];
  const items = [...gentle, ...(gentle.length > 0 && severe.length > 0 ? (['separator'] as const) : []), ...severe];
  return (
    <>
      {'suspend' in links && <Button onClick={() => ask('suspend')}>{say.acts.suspend}</Button>}
      {items.length > 0 && (
        <Menu
          trigger={
            <Button busy={busy}>
              {say.acts.more}
              <ChevronDown aria-hidden="true" />
            </Button>
          }
          items={items}
        />
      )}
      <ActDialog asking={asking} onClose={() => ask(undefined)} />
    </>
  );
}

/** What lifts the state that keeps the person out, beside the reasons. */
export function Remedies(): ReactNode {
  const say = useWords(words);
  const { user } = useShown();
  const { perform, busy } = usePerform();
  const { _links: links, id } = user;
  const params = { path: { id } };
  const remedies = {
    unlock: { act: () => answer(api.POST('/users/{id}/unlock', { params })), done: say.done.unlocked },
    reinstate: { act: () => answer(api.POST('/users/{id}/reinstate', { params })), done: say.done.reinstated },
    restore: { act: () => answer(api.POST('/users/{id}/restore', { params })), done: say.done.restored },
  } as const;
  return (['unlock', 'reinstate', 'restore'] as const)
    .filter((name) => name in links)
    .map((name) => (
      <Button key={name} kind="primary" busy={busy} onClick={() => void perform(remedies[name])}>
        {say.acts[name]}
      </Button>
    ));
}

/** Lets the browser save something as a file. */
function save(name: string, content: unknown): void {
  const file = new Blob([JSON.stringify(content, null, 2)], { type: 'application/json' });
  const href = URL.createObjectURL(file);
  const link = Object.assign(document.createElement('a'), { href, download: name });
  link.click();
  URL.revokeObjectURL(href);
}
