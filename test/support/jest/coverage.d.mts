/** What a process that a test starts is given, so that it counts too; empty where nobody measures. */
export declare const COVERAGE_OF_CHILDREN: Readonly<Record<string, string>>;
