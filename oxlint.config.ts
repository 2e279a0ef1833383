import { defineConfig, type OxlintOverride } from "oxlint";

// Imports point one way: cli → delivery → provider → {identity-token, sts, cache} → {credentials, errors, host}.
// Beside them, pure: trust-policy, aws-files.
// The emulators share no code with the client: one that does confirms the client's mistakes.
const effects = ["node:*", "node:*/*", "!node:crypto", "!node:zlib", "!node:util"];

function layer(files: string, forbidden: readonly string[], allowedEffects: readonly string[] = []): OxlintOverride {
  return {
    files: [files],
    rules: {
      "no-restricted-imports": [
        "error",
        {
          patterns: [
            {
              group: [...effects, ...allowedEffects.map((name) => `!${name}`)],
              message: "only src/host touches the machine; take what you need from Host",
            },
            ...(forbidden.length === 0
              ? []
              : [
                  {
                    // Only the command line looks at everything through the doctor.
                    group: [...forbidden, "**/doctor/**"],
                    message: "imports point one way; see README, Map of the code",
                  },
                ]),
          ],
        },
      ],
    },
  };
}

const stages = ["**/identity-token/**", "**/sts/**", "**/cache/**"];
const above = [
  "**/provider.ts",
  "**/keeper.ts",
  "**/{obtain,issue,settle,chain,longest}.ts",
  "**/{config,flags}.ts",
  "**/config/**",
  "**/delivery/**",
  "**/cli/**",
  "**/emulator/**",
  "**/trust-policy/**",
  "**/aws-files/**",
];

export default defineConfig({
  plugins: ["typescript", "import", "unicorn", "oxc"],
  categories: { correctness: "error", suspicious: "error", perf: "error" },
  options: { typeAware: true },
  env: { node: true, es2024: true },
  ignorePatterns: ["dist", "node_modules"],
  rules: {
    "typescript/no-explicit-any": "error",
    "typescript/no-non-null-assertion": "error",
    "typescript/no-floating-promises": "error",
    "typescript/no-misused-promises": "error",
    "typescript/no-unsafe-type-assertion": "error",
    "typescript/consistent-type-imports": "error",
    "import/no-cycle": "error",
    "no-console": "error",
    "no-await-in-loop": "off",
    "no-control-regex": "off",
    "import/no-named-as-default-member": "off",
    "unicorn/consistent-function-scoping": "off",
    "typescript/no-misused-spread": "off",
  },
  overrides: [
    {
      files: ["src/**"],
      rules: {
        "no-restricted-globals": ["error", "process", "fetch", "setTimeout", "setInterval", "performance"],
        "no-restricted-properties": [
          "error",
          { object: "Date", property: "now", message: "take the clock from Host" },
          { object: "Math", property: "random", message: "take randomness from Host" },
        ],
        "import/no-default-export": "error",
      },
    },
    layer("src/*.ts", [...stages, ...above]),
    // Knows networks in CIDR form from there.
    layer("src/network.ts", [...stages, ...above.filter((name) => name !== "**/trust-policy/**")]),
    layer("src/{config,flags,targets,config/*}.ts", [
      "**/identity-token/**",
      "**/{obtain,issue,settle,chain,longest}.ts",
      "**/provider.ts",
      "**/delivery/**",
      "**/cli/**",
      "**/emulator/**",
    ]),
    layer("src/provider.ts", ["**/delivery/**", "**/cli/**", "**/emulator/**", "**/trust-policy/**"]),
    layer("src/{index,from-google-identity}.ts", [
      ...stages,
      "**/delivery/**",
      "**/cli/**",
      "**/emulator/**",
      "**/trust-policy/**",
    ]),
    layer("src/keeper.ts", ["**/delivery/**", "**/cli/**", "**/emulator/**", "**/trust-policy/**"]),
    layer("src/{obtain,issue,settle,chain,longest}.ts", [
      "**/cache/**",
      "**/provider.ts",
      "**/delivery/**",
      "**/cli/**",
      "**/emulator/**",
      "**/trust-policy/**",
    ]),
    layer("src/identity-token/**", ["**/sts/**", "**/cache/**", ...above]),
    layer("src/sts/**", [
      "**/identity-token/source.ts",
      "**/identity-token/metadata-server.ts",
      "**/cache/**",
      ...above,
    ]),
    layer("src/cache/**", ["**/identity-token/**", "**/sts/**", ...above]),
    layer("src/delivery/**", [
      ...stages,
      "**/provider.ts",
      "**/keeper.ts",
      "**/{obtain,issue,settle,chain,longest}.ts",
      "**/cli/**",
      "**/emulator/**",
      "**/trust-policy/**",
    ]),
    // Writes under the lock that keeps refreshes apart.
    layer("src/delivery/edit-file.ts", [
      "**/identity-token/**",
      "**/sts/**",
      "**/provider.ts",
      "**/keeper.ts",
      "**/{obtain,issue,settle,chain,longest}.ts",
      "**/cli/**",
      "**/emulator/**",
      "**/trust-policy/**",
    ]),
    layer("src/trust-policy/*.ts", ["../*", "!../suggest.ts", "!../ascii-json.ts"]),
    layer("src/trust-policy/lint/**", ["../../*", "!../../suggest.ts"]),
    layer("src/trust-policy/formats/**", ["../../*", "!../../shell-word.ts", "!../../ascii-json.ts"]),
    layer("src/setup/**", ["**/cli/**", "**/emulator/**", "**/delivery/**", "**/aws-files/**"]),
    layer("src/aws-files/**", ["../*", "!../errors.ts", "!../aws-files/**"]),
    layer("src/emulator/**", [
      ...stages,
      "**/provider.ts",
      "**/{config,flags}.ts",
      "**/config/**",
      "**/credentials.ts",
      "**/delivery/**",
      "**/cli/**",
      "**/host/**",
      "**/host.ts",
      "**/retry.ts",
    ]),
    layer(
      "src/emulator/listen.ts",
      [
        ...stages,
        "**/provider.ts",
        "**/{config,flags}.ts",
        "**/config/**",
        "**/delivery/**",
        "**/cli/**",
        "**/host/**",
      ],
      ["node:http"],
    ),
    layer("src/doctor/**", ["**/cli/**", "**/emulator/**", "**/host/**", "**/{provider,keeper}.ts"]),
    layer("src/cli/**", []),
    {
      files: ["src/host/**"],
      rules: { "no-restricted-imports": "off", "no-restricted-globals": "off", "no-restricted-properties": "off" },
    },
    { files: ["src/cli/main.ts"], rules: { "no-restricted-globals": "off" } },
    {
      files: ["test/**", "scripts/**", "bench/**", "*.config.ts"],
      rules: { "no-console": "off", "typescript/no-unsafe-type-assertion": "off" },
    },
  ],
});
