"""How much of a hostile file is read. These protect the host; what is disclosive is the risk appetite's business."""

MAX_FILE_BYTES = 50 << 20
MAX_DECODED_BYTES = 100 << 20  # of everything found inside a file: base64, compressed text, pictures
MAX_INFLATED_BYTES = 10 << 20  # of one compressed piece
MAX_DEPTH = 3  # pieces inside pieces
MAX_TABLES = 200
MAX_ROWS = 200_000
MAX_COLUMNS = 1_000
MAX_CELLS = 2_400_000  # MAX_ROWS of twelve columns
MAX_OUTPUTS = 500  # of a notebook
MAX_PIXELS = 40_000_000
MAX_FINDINGS = 25  # of one check; the rest is counted

MEMORY_BYTES = 3 << 30  # address space of the process that reads a file
PROCESSOR_SECONDS = 60
WALL_SECONDS = 120
PROCESSES_APART = 2  # at once, of one service: the pages of a review ask for twenty
REPLY_BYTES = 96 << 20
