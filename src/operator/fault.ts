/** An inconsistency in the database. Never contains personal data. */
export interface Fault {
  readonly userId: string;
  /** The user's version where it was found, if it is in the log. */
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
