/** Something in the database that cannot be as it was written. Never holds a personal value. */
export interface Fault {
  readonly userId: string;
  /** The user's version at which it is, if it is in the log. */
  readonly version?: number;
  readonly eventId?: string;
  readonly what: string;
}

/** One line for a person. */
export function describeFault({ userId, version, eventId, what }: Fault): string {
  const where = [
    `User ${userId}`,
    ...(version ? [`version ${version}`] : []),
    ...(eventId ? [`event ${eventId}`] : []),
  ];
  return `${where.join(', ')}: ${what}.`;
}
