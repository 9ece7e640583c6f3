import { ApiProperty, getSchemaPath } from '@nestjs/swagger';
import { Link } from './user.response.js';

/** What the caller may do now with one thing of a user. An action that is absent would be refused. */
export type ItemLinks = Readonly<Record<string, Link>>;

/** Property: the links of one thing that belongs to a user, such as a session. */
export const ApiItemLinks = (action: string, href: string): PropertyDecorator =>
  ApiProperty({
    description: 'the actions that you may currently take on it',
    type: 'object',
    additionalProperties: { $ref: getSchemaPath(Link) },
    example: { [action]: { href, method: 'DELETE' } },
  });

/** One link that removes a thing of a user, if it is allowed. */
export function removalLink(action: string, isAllowed: boolean, href: string): ItemLinks {
  return isAllowed ? { [action]: { href, method: 'DELETE' } } : {};
}
