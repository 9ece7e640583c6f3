import { ApiExtraModels, ApiProperty, getSchemaPath } from '@nestjs/swagger';
import { IsIn, ValidateBy, type ValidationArguments } from 'class-validator';
import { allows, type Rank } from '../../access/policy.js';
import { CONTACT_KINDS, type ContactKind } from '../../events/catalogue.js';
import type { Contact } from '../aggregate/contact.js';
import { MAX_CONTACTS, waitingContact } from '../aggregate/decide-contacts.js';
import { ADDRESS_EXPECTED, isAddress } from '../aggregate/is-address.js';
import { Line } from '../api/profile.dto.js';
import { isE164 } from '../aggregate/profile-rules.js';
import type { UserEntity } from '../store/user.entity.js';
import { Link } from '../api/user.response.js';

const VALUE_RULES: Readonly<Record<ContactKind, { accepts: (value: unknown) => boolean; expected: string }>> = {
  email: { accepts: isAddress, expected: ADDRESS_EXPECTED },
  phone: {
    accepts: (value) => typeof value === 'string' && isE164(value),
    expected: 'must be a phone number in E.164 form, such as +442079460958',
  },
};

/** Property: a value of the given `kind`; an invalid `kind` is the only error reported. */
const IsContactValue = (): PropertyDecorator =>
  ValidateBy({
    name: 'isContactValue',
    validator: {
      validate: (value: unknown, args) => ruleBeside(args)?.accepts(value) ?? true,
      defaultMessage: (args) => ruleBeside(args)?.expected ?? '',
    },
  });

function ruleBeside(args: ValidationArguments | undefined) {
  const { kind: given } = args?.object as { kind: unknown };
  const kind = CONTACT_KINDS.find((known) => known === given);
  return kind && VALUE_RULES[kind];
}

export class NewContactDto {
  @ApiProperty({ enum: CONTACT_KINDS, enumName: 'ContactKind' })
  @IsIn(CONTACT_KINDS, { message: `must be one of ${CONTACT_KINDS.join(', ')}` })
  readonly kind: ContactKind;

  @ApiProperty({
    description: 'an email address, or a phone number in E.164 form such as +442079460958',
    maxLength: 254,
    example: 'ada@work.example.com',
  })
  @IsContactValue()
  readonly value: string;

  @Line(50, 'Work')
  readonly label?: string | null;
}

const links = (description: string, example: string, method: string) => ({
  description,
  type: 'object' as const,
  additionalProperties: { $ref: getSchemaPath(Link) },
  example: { self: { href: example, method } },
});

/** A contact as callers see it. */
@ApiExtraModels(Link)
export class ContactResponse {
  @ApiProperty({ format: 'uuid', example: '019aa53d-22b4-7d01-9a3e-5b6c7d8e9f00' }) readonly id: string;
  @ApiProperty({ enum: CONTACT_KINDS, enumName: 'ContactKind' }) readonly kind: ContactKind;
  @ApiProperty({ example: 'ada@work.example.com' }) readonly value: string;
  @ApiProperty({ type: String, nullable: true, example: 'Work' }) readonly label: string | null;
  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    example: null,
    description: 'null until the address is confirmed through the mailed link; always null for a phone number',
  })
  readonly confirmedAt: string | null;
  @ApiProperty({ format: 'date-time' }) readonly addedAt: string;
  @ApiProperty(
    links(
      'what you may do with this contact now',
      '/users/019aa53c-1f7e-7c2f-b1c0-7d2a4e5f6071/contacts/019aa53d-22b4-7d01-9a3e-5b6c7d8e9f00',
      'GET',
    ),
  )
  readonly _links: Readonly<Record<string, Link>>;

  /** @param viewer the caller; the links follow the policy for them */
  static from(contact: Contact, user: UserEntity, viewer: Rank): ContactResponse {
    const { id, kind, value, label, confirmedAt, addedAt } = contact;
    const href = contactPath(user.id, id);
    return {
      id,
      kind,
      value,
      label,
      confirmedAt,
      addedAt,
      _links: {
        self: { href, method: 'GET' },
        ...(waitingContact(user, id) &&
          allows(viewer, 'addContact', user) && {
            resendConfirmation: { href: `${href}/resend-confirmation`, method: 'POST' },
          }),
        ...(allows(viewer, 'removeContact', user) && { remove: { href, method: 'DELETE' } }),
      },
    };
  }
}

/** All contacts of a user, oldest first; too few to need pages. */
export class ContactList {
  @ApiProperty({ type: [ContactResponse], maxItems: MAX_CONTACTS }) readonly items: ContactResponse[];
  @ApiProperty(
    links('what you may do with this list now', '/users/019aa53c-1f7e-7c2f-b1c0-7d2a4e5f6071/contacts', 'GET'),
  )
  readonly _links: Readonly<Record<string, Link>>;

  static from(user: UserEntity, viewer: Rank): ContactList {
    const href = `/users/${user.id}/contacts`;
    const mayAdd = allows(viewer, 'addContact', user) && user.contacts.length < MAX_CONTACTS;
    return {
      items: user.contacts.map((contact) => ContactResponse.from(contact, user, viewer)),
      _links: { self: { href, method: 'GET' }, ...(mayAdd && { addContact: { href, method: 'POST' } }) },
    };
  }
}

export function contactPath(userId: string, contactId: string): string {
  return `/users/${userId}/contacts/${contactId}`;
}
