import { Injectable } from '@nestjs/common';
import type { Caller, RequestContext } from '../../access/caller.js';
import { type Profile, PROFILE_FIELDS } from '../../events/catalogue.js';
import { validated } from '../../http/request/validation.js';
import { DomainError } from '../../problems/domain-error.js';
import { changeUsername, updateProfile } from '../../users/aggregate/decide.js';
import { PreconditionFailed, UsernameUnchanged } from '../../users/aggregate/user-errors.js';
import { ProfileDto } from '../../users/api/profile.dto.js';
import { UserActions } from '../../users/api/user-actions.js';
import { ChangeUsernameDto } from '../../users/api/user-actions.dto.js';
import type { UserResponse } from '../../users/api/user.response.js';
import { UserHistory } from '../../users/history/user-history.js';

/** A whole profile as a form has it; null for what was left empty. */
export type Entered = Readonly<Record<keyof Profile, string | null>>;
type Saved = Partial<Record<keyof Profile, { value: string | null }>>;

/** Another window saved other values since the form was shown. */
export class ProfileConflict extends DomainError {
  readonly code = 'precondition-failed';
  /** @param saved what is saved now, for each field that was changed meanwhile and where something else was entered */
  constructor(readonly saved: Readonly<Saved>) {
    super('The profile was changed since this form was shown.');
  }
}

/** How often something may come in between. */
const MOST_TRIES = 3;

/** Changes of one's own profile and username by a form, which always has all of its fields. */
@Injectable()
export class ProfileEdits {
  constructor(
    private readonly actions: UserActions,
    private readonly history: UserHistory,
  ) {}

  async read(caller: Caller): Promise<UserResponse> {
    return this.actions.read(caller.userId, caller);
  }

  /** Browsers end the lines of a text area with CR LF (HTML, 4.10.21.7), which would be a change where there was none. */
  entered(form: Readonly<Partial<Record<keyof Profile, string>>>): Entered {
    return Object.fromEntries(
      PROFILE_FIELDS.map((field) => [field, form[field]?.replaceAll('\r\n', '\n') || null]),
    ) as Entered;
  }

  /**
   * @param version that the form showed; later changes of something else, such as a contact, are no conflict
   * @throws ProfileConflict, ValidationFailed, RefusedByHandler
   */
  async save(form: Entered, version: number, caller: Caller, context: RequestContext): Promise<void> {
    const profile = await validated(ProfileDto, form);
    const act = { id: caller.userId, action: 'update', caller, context } as const;
    let seen = version;
    for (let tries = 0; ; tries += 1) {
      try {
        await this.actions.change({ ...act, ifMatch: `"${seen}"` }, (state) => updateProfile(state, profile));
        return;
      } catch (error) {
        if (!(error instanceof PreconditionFailed) || tries === MOST_TRIES) throw error;
        seen = await this.versionWithoutConflict(profile, seen, caller);
      }
    }
  }

  /** The username may be the present one: a form was sent twice. @throws ValidationFailed, UsernameTaken, RefusedByHandler */
  async changeUsername(newUsername: string, caller: Caller, context: RequestContext): Promise<void> {
    const input = await validated(ChangeUsernameDto, { newUsername });
    const act = { id: caller.userId, action: 'username', caller, context } as const;
    try {
      await this.actions.change(act, (state) => changeUsername(state, input.newUsername));
    } catch (error) {
      if (!(error instanceof UsernameUnchanged)) throw error;
    }
  }

  /** @returns the present version. @throws ProfileConflict */
  private async versionWithoutConflict(given: Partial<Profile>, version: number, caller: Caller): Promise<number> {
    const me = await this.actions.read(caller.userId, caller);
    const isKnown = Number.isInteger(version) && version >= 1 && version <= me.version;
    const changed = isKnown ? await this.changedSince(version, me, caller) : PROFILE_FIELDS;
    const differing = changed.filter((field) => me[field] !== given[field]);
    if (differing.length === 0) return me.version;
    throw new ProfileConflict(Object.fromEntries(differing.map((field) => [field, { value: me[field] }])));
  }

  private async changedSince(version: number, me: UserResponse, caller: Caller): Promise<(keyof Profile)[]> {
    const request = { id: caller.userId, caller, includeDeleted: false };
    const { changes } = await this.history.diff(request, { from: { version }, to: { version: me.version } });
    const names: readonly string[] = changes.map(({ field }) => field);
    return PROFILE_FIELDS.filter((field) => names.includes(field));
  }
}
