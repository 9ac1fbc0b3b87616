export { describeDocument, testOutages } from './app.ts';
export { type ContractRoute, type ContractService, describeAuthorization } from './authorization.ts';
export { type Call, callsTo, type Reply, sendBy } from './call.ts';
export { testMain } from './main.ts';
