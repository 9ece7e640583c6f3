import { isIP, isIPv4 } from 'node:net';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Transform, type TransformFnParams } from 'class-transformer';
import { ArrayMaxSize, IsArray, IsDate, ValidateBy, ValidateIf } from 'class-validator';
import { LONGEST_DATE_TIME } from '../http/request/date-time.js';
import { INSTANT, instant } from '../users/api/users.dto.js';
import { RequiredLine } from '../users/api/profile.dto.js';
import { type ItemLinks, ApiItemLinks } from '../users/api/item-links.js';
import { keyPrefix } from './key-format.js';
import { MAX_KEYS, type ServiceKey } from './service-keys.js';

const MAX_NETWORKS = 20;
/** The longest IPv6 address (RFC 4291) and a prefix. */
const NETWORK_LENGTH = 49;
const EXAMPLE_ID = '019aa53d-22b4-7d01-9a3e-5b6c7d8e9f00';
const EXAMPLE_ACCOUNT = '019aa53c-1f7e-7c2f-b1c0-7d2a4e5f6071';
const EXAMPLE_PREFIX = keyPrefix(EXAMPLE_ID);
const IfGiven = (): PropertyDecorator => ValidateIf((_, value) => value !== undefined && value !== null);

/** One address, or a network whose address has no bits beyond its prefix (RFC 4632). */
function isNetwork(value: unknown): boolean {
  if (typeof value !== 'string' || value.length > NETWORK_LENGTH) return false;
  const [address = '', prefix, ...more] = value.split('/');
  if (isIP(address) === 0 || address.includes('%') || more.length > 0) return false;
  if (prefix === undefined) return true;
  return /^(0|[1-9]\d{0,2})$/.test(prefix) && hasNoHostBits(address, Number(prefix));
}

function hasNoHostBits(address: string, prefix: number): boolean {
  const bits = bitsOf(address);
  return prefix <= bits.length && !bits.slice(prefix).includes('1');
}

function bitsOf(address: string): string {
  if (isIPv4(address)) {
    return address
      .split('.')
      .map((byte) => Number(byte).toString(2).padStart(8, '0'))
      .join('');
  }
  // As WHATWG URLs write it: groups in hexadecimal, also for an IPv4 address at the end.
  const short = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [head = [], tail = []] = short.split('::').map((half) => half.split(':').filter(Boolean));
  const groups = short.includes('::')
    ? [...head, ...Array<string>(8 - head.length - tail.length).fill('0'), ...tail]
    : head;
  return groups.map((group) => parseInt(group, 16).toString(2).padStart(16, '0')).join('');
}

const isMapped = (value: string): boolean => value.toLowerCase().startsWith('::ffff:');

export class NewServiceKeyDto {
  @RequiredLine(50, 'CI') readonly name: string;

  @ApiPropertyOptional({
    type: String,
    format: 'date-time',
    maxLength: LONGEST_DATE_TIME,
    nullable: true,
    example: '2027-06-01T00:00:00Z',
    description: 'refused from then on; never if left out',
  })
  @IfGiven()
  @Transform(instant)
  @IsDate(INSTANT)
  readonly expiresAt?: Date | null;

  @ApiPropertyOptional({
    type: 'array',
    items: { type: 'string', maxLength: NETWORK_LENGTH },
    maxItems: MAX_NETWORKS,
    nullable: true,
    example: ['10.1.0.0/16', '2001:db8::/32'],
    description: 'addresses and networks (CIDR) that it may be used from; any if left out',
  })
  @IfGiven()
  @IsArray({ message: 'must be a list of networks' })
  @ArrayMaxSize(MAX_NETWORKS, { message: `must name at most ${MAX_NETWORKS} networks` })
  @Transform(({ value }: TransformFnParams): unknown =>
    Array.isArray(value) ? value.map((one: unknown) => (isNetwork(one) ? withPrefix(String(one)) : one)) : value,
  )
  @ValidateBy(
    {
      name: 'isNetwork',
      validator: { validate: (value: unknown) => isNetwork(value) && !isMapped(String(value)) },
    },
    { each: true, message: 'must hold addresses or networks such as 10.1.0.0/16, without bits beyond the prefix' },
  )
  readonly networks?: string[] | null;
}

function withPrefix(network: string): string {
  return network.includes('/') ? network : `${network}/${isIPv4(network) ? 32 : 128}`;
}

const time = { type: String, format: 'date-time', nullable: true, example: null } as const;

/** A key as ADMINs see it; the key itself is shown only once. */
export class ServiceKeyResponse {
  @ApiProperty({ format: 'uuid', example: EXAMPLE_ID }) readonly id: string;
  @ApiProperty({ example: 'CI' }) readonly name: string;
  @ApiProperty({ example: EXAMPLE_PREFIX, description: 'what the key begins with, to recognise it; no secret' })
  readonly prefix: string;
  @ApiProperty({ type: [String], maxItems: MAX_NETWORKS, example: ['10.1.0.0/16'], description: 'none for all' })
  readonly networks: string[];
  @ApiProperty({ format: 'date-time' }) readonly createdAt: string;
  @ApiProperty(time) readonly expiresAt: string | null;
  @ApiProperty({ ...time, description: 'to the minute' }) readonly lastUsedAt: string | null;
  @ApiProperty({ type: String, nullable: true, example: '10.1.3.7', description: 'address of that use' })
  readonly lastUsedIp: string | null;
  @ApiItemLinks('retire', `/service-accounts/${EXAMPLE_ACCOUNT}/keys/${EXAMPLE_ID}`) readonly _links: ItemLinks;

  static from(accountId: string, key: ServiceKey): ServiceKeyResponse {
    const { id, name, networks, createdAt, expiresAt, lastUsedAt, lastUsedIp } = key;
    return {
      id,
      name,
      prefix: keyPrefix(id),
      networks: [...networks],
      createdAt: createdAt.toISOString(),
      expiresAt: expiresAt?.toISOString() ?? null,
      lastUsedAt: lastUsedAt?.toISOString() ?? null,
      lastUsedIp,
      _links: { retire: { href: `/service-accounts/${accountId}/keys/${id}`, method: 'DELETE' } },
    };
  }
}

export class CreatedServiceKeyResponse extends ServiceKeyResponse {
  @ApiProperty({
    example: `${EXAMPLE_PREFIX}_0000000000000000000000000000000000000000000_000000`,
    description: 'the key, shown only here: `Authorization: Bearer <key>`, or the secret for client credentials',
  })
  readonly key: string;
}

/** All live keys of an account, oldest first. */
export class ServiceKeyList {
  @ApiProperty({ type: [ServiceKeyResponse], maxItems: MAX_KEYS }) readonly items: ServiceKeyResponse[];
}
