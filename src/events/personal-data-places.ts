import { Injectable } from '@nestjs/common';
import type { Transaction } from '../database/transaction.js';

/** Somebody who is erased, as they were until then. */
export interface Person {
  readonly id: string;
  readonly email: string | null;
}

/** For whom an export is made. What colleagues wrote for colleagues is not for the person. */
export type ExportReader = 'person' | 'staff';

/** A place that holds something about people. Whoever makes one adds it here. */
export interface PersonalDataPlace {
  /** The key under which an export shows it. */
  readonly name: string;
  /** The tables it consists of; a test finds every table that nobody names. */
  readonly tables: readonly string[];
  /** Everything that is held about this person, as a person can read it; no hashes, no secrets. */
  export(tx: Transaction, userId: string, reader: ExportReader): Promise<unknown>;
  /** Destroys it for good. */
  erase(tx: Transaction, person: Person): Promise<void>;
}

/** The one list of places that hold personal data: an erasure empties all of them, an export shows all of them. */
@Injectable()
export class PersonalDataPlaces {
  private readonly places: PersonalDataPlace[] = [];

  add(place: PersonalDataPlace): void {
    this.places.push(place);
  }

  get tables(): string[] {
    return this.places.flatMap(({ tables }) => tables);
  }

  /** @returns what each place holds about the user, by the name of the place */
  async export(tx: Transaction, userId: string, reader: ExportReader): Promise<Record<string, unknown>> {
    const found: Record<string, unknown> = {};
    for (const place of this.places) found[place.name] = await place.export(tx, userId, reader);
    return found;
  }

  /** To be called in the transaction of `user.erased`: there is no moment at which somebody is erased in one place only. */
  async erase(tx: Transaction, person: Person): Promise<void> {
    for (const place of this.places) await place.erase(tx, person);
  }
}
