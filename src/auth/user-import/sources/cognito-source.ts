import { type SourcePerson, sourcePerson } from '../source-person.js';
import { aboutPerson, flag, type Json, objects, text } from './values.js';

/** A user of `aws cognito-idp list-users`, or a row of its CSV. Password hashes do not leave Cognito. @throws LineFault */
export function cognitoPerson(of: Json): SourcePerson {
  const attributes: Json = Array.isArray(of['Attributes'])
    ? Object.fromEntries(objects(of, 'Attributes').map((one) => [text(one, 'Name') ?? '', text(one, 'Value')]))
    : of;
  const username = text(of, 'Username', 'cognito:username');
  const externalId = text(attributes, 'sub') ?? username;
  return aboutPerson(externalId, () =>
    sourcePerson({
      externalId,
      email: text(attributes, 'email'),
      emailVerified: flag(attributes, 'email_verified') ?? false,
      // Of pools that sign in by address, it is an id.
      username: username !== null && username === text(attributes, 'sub') ? null : username,
      profile: {
        firstName: text(attributes, 'given_name'),
        lastName: text(attributes, 'family_name'),
        nickname: text(attributes, 'nickname') ?? text(attributes, 'name'),
        pictureUrl: text(attributes, 'picture'),
        locale: text(attributes, 'locale'),
        phone: text(attributes, 'phone_number'),
      },
      suspended: flag(of, 'Enabled') === false || ['COMPROMISED', 'ARCHIVED'].includes(text(of, 'UserStatus') ?? ''),
      leftOut: flag(attributes, 'cognito:mfa_enabled') === true ? ['second factors'] : [],
    }),
  );
}
