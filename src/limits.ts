/** Every number a peer, a damaged file or a user could try to exceed, each with its reason. */

/** Longest path inside a folder, in bytes, as on Linux. */
export const MAX_PATH_BYTES = 4096;
/** Longest name of one path component, in bytes. */
export const MAX_NAME_BYTES = 255;
/** Records in one log entry. */
export const MAX_ENTRY_RECORDS = 1024;
/** Encoded log entry, without the bodies and records it names. */
export const MAX_ENTRY_BYTES = 64 * 1024;
/** Links of one entry before compression: what decoding may allocate. */
export const MAX_LINKS_BYTES = 1024 * 1024;
/** Plain body of a version: a symlink target and a few numbers. */
export const MAX_BODY_BYTES = 8 * 1024;
/** Plain record that is not a body: a snapshot that names 4096 logs beside the longest message fits. */
export const MAX_RECORD_BYTES = 512 * 1024;
/** Arrays within arrays of an encoded record: what decoding may recurse. */
export const MAX_RECORD_DEPTH = 16;
/** All sealed bodies and records of one entry together: the plain value of a page is one chunk at most. */
export const MAX_PAGE_BYTES = 1024 * 1024;
/** Logs one entry's clock delta can name; more are spread over entries without records. */
export const MAX_CLOCK_DELTA = 512;
/** Feature flags of one entry, critical or not, and the length of each. */
export const MAX_FEATURES = 16;
export const MAX_FEATURE_LENGTH = 32;
/** Epochs one rotation record, and membership records one membership record, can come after. */
export const MAX_PREDECESSORS = 256;
/** Dots and snapshots that one drop-set record can name. */
export const MAX_DROPS = 4096;
/** Parents of one version. */
export const MAX_PARENTS = 1024;
/** Logs one folder can know. */
export const MAX_LOGS = 4096;
/** Entries of all logs that wait for earlier ones at one time. */
export const MAX_HELD_ENTRIES = 65_536;
/** Heads of one log that are kept before their entries are known: two prove a fork. */
export const MAX_LOOSE_HEADS = 16;
/** Members of one folder. */
export const MAX_MEMBERS = 1024;
/** Signatures are kept at heads and at every multiple of this sequence number. */
export const SIGNED_EVERY = 1024;
/** How far ahead of the local wall clock a remote hybrid time may pull ours, in microseconds. */
export const MAX_CLOCK_LEAD_US = 3_600_000_000;
/** A plain chunk or manifest node: what opening a sealed chunk may allocate. */
export const MAX_CHUNK_BYTES = 1024 * 1024;
/** Encoded manifest node. */
export const MAX_NODE_BYTES = 16 * 1024;
/** Height of a manifest tree: 409^8 chunks is beyond any file. */
export const MAX_MANIFEST_DEPTH = 8;
/** Key slots of one home or target. */
export const MAX_SLOTS = 32;
/** scrypt cost a slot may ask for: N·r·128 bytes of memory is 1 GiB at most. */
export const MAX_SCRYPT_LOG2N = 20;
/** A message or tag given by a user, in UTF-16 units. */
export const MAX_MESSAGE = 65_536;
/** Tags of one snapshot, and the length of each in UTF-16 units. */
export const MAX_TAGS = 64;
export const MAX_TAG_LENGTH = 64;
/** Longest symlink target, in bytes. */
export const MAX_SYMLINK_BYTES = 4096;
/** A file of ignore rules: what reading and compiling one may take. */
export const MAX_IGNORE_FILE_BYTES = 1024 * 1024;
/** Patterns, and names of tags, that a folder's settings can leave out. */
export const MAX_EXCLUDES = 10_000;
/** Length of a node's, folder's or slot's name in UTF-16 units. */
export const MAX_LABEL = 255;
/** One frame: what one Noise message of 65,535 bytes holds beside its tag and one byte that says what it is. */
export const MAX_FRAME_BYTES = 65_518;
/** Encoded message of a folder channel: the largest sealed value and what names it. */
export const MAX_MESSAGE_BYTES = MAX_CHUNK_BYTES + 64 * 1024;
/** Ids one message may name, in all its lists together. */
export const MAX_NAMES = 1024;
/** Heads one message may state: more follow in further announcements. */
export const MAX_STATED_HEADS = 4096;
/** Ranges that a peer may ask for at one time. */
export const MAX_OPEN_ASKS = 16;
/** Values that a peer may want at one time: queued, or standing until they can be had. */
export const MAX_OPEN_WANTS = 4096;
/** Values that ride along with a range. */
export const MAX_RIDE_BYTES = 16 * 1024;
/** Pages that begin epochs, beyond that: nothing after them can be read without. */
export const MAX_KEY_RIDE_BYTES = 512 * 1024;
/** Values in such a ride: each is a page or a chunk. */
export const MAX_RIDES = 256;
/** Data that a peer may send beyond what was asked of it, in one session: answers that crossed a cancel. */
export const MAX_UNASKED_BYTES = 4 * 1024 * 1024;
/** Values from one peer that did not open, before its session ends: a bad disk is no bad peer. */
export const MAX_CORRUPT_VALUES = 64;
/** Data that a peer may have on its way to us: at first, and at most. */
export const INITIAL_CREDIT_BYTES = 1024 * 1024;
export const MAX_CREDIT_BYTES = 32 * 1024 * 1024;
/** Data on its way from all peers, or received and not stored yet. */
export const MAX_PROCESS_CREDIT_BYTES = 256 * 1024 * 1024;
/** Features a hello may name, known or not. */
export const MAX_HELLO_FEATURES = 64;
/** The head of the one request that a stream may make before it is known. */
export const MAX_REQUEST_BYTES = 4096;
/** How long a stream may take until it is known, or gone, in milliseconds. */
export const MAX_UNKNOWN_MS = 10_000;
/** What may follow a request that was refused, before the stream is cut off. */
export const MAX_LINGER_BYTES = 64 * 1024;
/** Streams at one time of which nobody knows yet whose they are. */
export const MAX_HALF_OPEN = 256;
/** Handshakes that one address may try: in a second, and at once. */
export const KNOCKS_PER_SECOND = 20;
export const KNOCK_BURST = 20;
/** Addresses whose tries are counted. */
export const MAX_COUNTED_ADDRESSES = 4096;
/** Who is refused hears so after this time, in milliseconds, or a multiple of it. */
export const REFUSAL_GRID_MS = 100;
/** First messages of one key, sent by a clock that is ahead of ours, that are remembered. */
export const MAX_REMEMBERED_KNOCKS = 1024;
/** A connection without traffic says that it is alive after the first of these, and is given up after the second. */
export const KEEP_ALIVE_MS = 25_000;
export const MAX_SILENCE_MS = 90_000;
/** Folder tokens that a side states at one time, true ones and random: a power of two. */
export const MIN_FOLDER_TOKENS = 16;
export const MAX_FOLDER_TOKENS = 1024;
/** How often a side may state its tokens anew on one connection. */
export const MAX_TOKEN_GENERATIONS = 4096;
/** Dials at one time: to one peer, and to all. */
export const MAX_PEER_DIALS = 8;
export const MAX_DIALS = 64;
/** Connections with one peer at one time: copies of a home have one key. */
export const MAX_PEER_CONNECTIONS = 4;
/** Keys whose handshakes are remembered: of callers, and of those that were called. */
export const MAX_GATE_KEYS = 4096;
/** How often one member, or the holders of one invite, may come in: at once, and in a second. */
export const MEMBER_KNOCK_BURST = 32;
export const MEMBER_KNOCKS_PER_SECOND = 0.5;
/** An address as people write it, in UTF-16 units, and how many may be given by hand. */
export const MAX_ADDRESS = 255;
export const MAX_GIVEN_ADDRESSES = 1024;
/** Nodes of which it is kept when they were last here. */
export const MAX_SEEN_NODES = 4096;
/** Entries of this node's own deny list, and the logs that one of them can cut. */
export const MAX_DENIALS = 4096;
export const MAX_DENIAL_CUTOFFS = 65_536;
/** Addresses one invite names, and the length of each in bytes. */
export const MAX_INVITE_ADDRESSES = 16;
export const MAX_ADDRESS_BYTES = 255;
/** Invites of one home that are kept: open ones, and others for a while. */
export const MAX_INVITES = 1024;
/** How long the two sides of a join wait for each other's next message, in milliseconds. */
export const MAX_JOIN_SILENCE_MS = 30_000;
/** Epochs of one folder whose secrets a node holds. */
export const MAX_EPOCHS = 4096;
/** One message between a command and the daemon: a patch of a large file is one. */
export const MAX_API_MESSAGE_BYTES = 64 * 1024 * 1024;
/** The same, before both have proved themselves. */
export const MAX_API_GREETING_BYTES = 4096;
/** How long the two may take for that, in milliseconds. */
export const MAX_API_GREETING_MS = 10_000;
/** What the daemon keeps for a command that does not read: an operation waits beyond it. */
export const MAX_API_UNSENT_BYTES = 1024 * 1024;
/** Commands that can be connected with the daemon at one time. */
export const MAX_API_CONNECTIONS = 256;
/** Events that wait for one listener; what comes beyond is counted and left out. */
export const MAX_WAITING_EVENTS = 4096;
/** Files that the log of the daemon is kept in, and what each may take. */
export const MAX_LOG_FILE_BYTES = 1024 * 1024;
export const MAX_LOG_FILES = 4;
