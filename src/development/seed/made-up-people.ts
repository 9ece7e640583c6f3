import type { Faker } from '@faker-js/faker';
import type { Profile } from '../../events/catalogue.js';
import { foldForSearch } from '../../users/aggregate/search-text.js';
import type { Choices } from './choices.js';

export interface Device {
  readonly userAgent: string;
  readonly ip: string;
}

export interface MadeUpPerson {
  readonly email: string;
  readonly username: string | null;
  readonly firstName: string;
  readonly lastName: string;
  readonly locale: string | null;
  /** What the person fills in later. */
  readonly more: Partial<Profile>;
  readonly workPhone: string;
  readonly workEmail: string;
  readonly laterEmail: string;
  readonly laterUsername: string;
  /** The first one is used most. */
  readonly devices: readonly [Device, Device];
}

const BROWSERS = [
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0',
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.1 Safari/605.1.15',
  'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.1 Mobile/15E148 Safari/604.1',
  'Mozilla/5.0 (Linux; Android 16) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36',
];
// Reserved for documentation (RFC 5737): nobody's.
const NETWORKS = ['192.0.2', '198.51.100', '203.0.113'];
const HOBBIES = ['climbing', 'chess', 'gardening', 'sailing', 'baking', 'photography', 'choir music', 'old maps'];
const JOBS = ['Nurse', 'Carpenter', 'Teacher', 'Engineer', 'Lawyer', 'Designer', 'Student', 'Electrician', 'Librarian'];

/** Makes up people in several languages; the same choices make the same people. */
export class MadeUpPeople {
  private readonly names: readonly {
    readonly locale: string | null;
    readonly first: string[];
    readonly last: string[];
  }[];

  /**
   * @param fakers where the names come from
   * @param run in small letters and digits; part of every address and username, so that those of two runs differ
   */
  constructor(
    fakers: readonly Faker[],
    private readonly choices: Choices,
    private readonly run: string,
  ) {
    // Some thousand of each language do, and reading them once is quicker than asking for each.
    this.names = fakers.map((faker) => {
      faker.seed(choices.whole(1, 1_000_000));
      return {
        locale: faker.getMetadata().code?.slice(0, 2) ?? null,
        first: Array.from({ length: 2000 }, () => faker.person.firstName()),
        last: Array.from({ length: 2000 }, () => faker.person.lastName()),
      };
    });
  }

  /** @param number of small letters and digits; another one for each person */
  next(number: string): MadeUpPerson {
    const { choices, run } = this;
    const { locale, first, last } = choices.pick(this.names);
    const [firstName, lastName] = [choices.pick(first), choices.pick(last)];
    const plain = [inAscii(firstName), inAscii(lastName)] as const;
    const mailbox = `${plain.join('.')}${number}`;
    return {
      email: `${mailbox}@${run}.example.com`,
      username: choices.chance(0.5) ? `${plain[0].slice(0, 12)}.${run}.${number}` : null,
      firstName,
      lastName,
      locale,
      more: this.profile(firstName, `${plain.join('-').slice(0, 30)}${number}`),
      workPhone: phone(choices),
      workEmail: `${mailbox}@work.${run}.example.com`,
      laterEmail: `${mailbox}@${run}.example.org`,
      laterUsername: `${plain[1].slice(0, 12)}_${run}_${number}`,
      devices: [this.device(), this.device()],
    };
  }

  private profile(firstName: string, handle: string): Partial<Profile> {
    const { choices } = this;
    const profile: Partial<Profile> = { bio: `${choices.pick(JOBS)}. Likes ${choices.pick(HOBBIES)}.` };
    if (choices.chance(0.35)) profile.nickname = firstName.slice(0, 3);
    if (choices.chance(0.4)) profile.phone = phone(choices);
    if (choices.chance(0.15)) profile.githubUrl = `https://github.com/${handle}`;
    if (choices.chance(0.15)) profile.linkedinUrl = `https://www.linkedin.com/in/${handle}`;
    return profile;
  }

  private device(): Device {
    const { choices } = this;
    return { userAgent: choices.pick(BROWSERS), ip: `${choices.pick(NETWORKS)}.${choices.whole(1, 254)}` };
  }
}

/** A number that Ofcom keeps for films and books. */
function phone(choices: Choices): string {
  return `+442079460${String(choices.whole(0, 999)).padStart(3, '0')}`;
}

function inAscii(name: string): string {
  return foldForSearch(name).replace(/[^a-z]+/g, '') || 'user';
}
