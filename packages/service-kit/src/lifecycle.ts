/** Whether the service is on its way out: shared by the health routes, the headers and runService. */
export interface Lifecycle {
  /** True from the stop signal on: not ready any more, and every answer asks the client to go elsewhere. */
  draining: boolean;
}
