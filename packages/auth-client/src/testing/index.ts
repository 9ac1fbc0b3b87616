export type { MintOverrides } from './mint.ts';
export { createSigningKey, type SigningKey } from './signing-key.ts';
export {
  createTestIssuer,
  type TestIssuer,
  type TestIssuerOptions,
} from './test-issuer.ts';
export type { TestClient, TestDelegation } from './token-endpoint.ts';
