/** What stands in the address of the list, and of one application: the page, of the list and of the log. */
export interface ApplicationsSearch {
  readonly cursor?: string | undefined;
}
