import type { Changed } from '../act/questions.js';
import { answerWithEtag, api } from '../api/client.js';
import type { ChangeClientDto, ClientResponse } from '../api/schema.js';
import { languageNow } from '../language/language.js';
import { SETTINGS, settingName, settingText } from './setting-text.js';
import { words } from './words.js';

/** What somebody else has saved meanwhile, beside what one wanted to save, or else what one saw. */
export async function changedApplication(seen: ClientResponse, mine: ChangeClientDto): Promise<Changed> {
  const path = { id: seen.clientId };
  const { data: now, etag } = await answerWithEtag(api.GET('/clients/{id}', { params: { path } }));
  const language = languageNow();
  const fields = SETTINGS.filter((setting) => JSON.stringify(now[setting]) !== JSON.stringify(seen[setting]));
  return {
    fields: fields.map((setting) => ({
      label: settingName(words[language], setting),
      now: settingText(language, setting, now[setting]),
      yours: settingText(language, setting, mine[setting] ?? seen[setting]),
    })),
    etag,
  };
}
