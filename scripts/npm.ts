/**
 * The words that start npm on the Node that it was started with itself: `npm` by name could be started on the project's own, which reads
 * another global configuration.
 */
export function npmCommand(): [program: string, ...first: string[]] {
  const { npm_node_execpath: node, npm_execpath: cli } = process.env;
  return node !== undefined && cli !== undefined ? [node, cli] : ["npm"];
}
