// The driver of one matrix product, made from the tile that the including file defines. It sets
//   PRODUCT       the name of the driver, and PRODUCT_(name) a name of its own for each helper,
//   PRODUCT_TILE  tile(rows, panels, y, ldy, x, ldx, packed, ahead, n, k, bias, accumulate),
//   PRODUCT_ROWS  rows of the tallest tile: 14, 7, 6, 4 or 2,
//   PANEL_COUNT   words of a panel of k inputs. x and the panels are words of four bytes, whatever they hold.
//
// Few rows take several panels, to keep enough sums in flight. A panel serves all row tiles while it is in the cache;
// the last of them fetches the next panel ahead, so that memory is read while tiles are computed.

#define TILE_ARGUMENTS \
    int rows, float *y, size_t ldy, const float *x, size_t ldx, const float *packed, const float *ahead, int n, int k, \
        const float *bias, int accumulate

#define TILE_CASE(ROWS, PANELS) \
    case ROWS: PRODUCT_TILE(ROWS, PANELS, y, ldy, x, ldx, packed, ahead, n, k, bias, accumulate); break;

static void PRODUCT_(one_panel)(TILE_ARGUMENTS) {
    switch (rows) {
        TILE_CASE(1, 1) TILE_CASE(2, 1)
#if PRODUCT_ROWS > 2
        TILE_CASE(3, 1) TILE_CASE(4, 1)
#endif
#if PRODUCT_ROWS > 4
        TILE_CASE(5, 1) TILE_CASE(6, 1)
#endif
#if PRODUCT_ROWS > 6
        TILE_CASE(7, 1)
#endif
#if PRODUCT_ROWS > 7
        TILE_CASE(8, 1) TILE_CASE(9, 1) TILE_CASE(10, 1) TILE_CASE(11, 1) TILE_CASE(12, 1) TILE_CASE(13, 1)
        TILE_CASE(14, 1)
#endif
    }
}

static void PRODUCT_(two_panels)(TILE_ARGUMENTS) {
    switch (rows) {
        TILE_CASE(1, 2)
#if PRODUCT_ROWS > 2
        TILE_CASE(2, 2)
#endif
#if PRODUCT_ROWS > 4
        TILE_CASE(3, 2)
#endif
#if PRODUCT_ROWS > 7
        TILE_CASE(4, 2) TILE_CASE(5, 2) TILE_CASE(6, 2) TILE_CASE(7, 2)
#endif
    }
}

#if PRODUCT_ROWS > 2
static void PRODUCT_(four_panels)(TILE_ARGUMENTS) {
    switch (rows) {
        TILE_CASE(1, 4)
#if PRODUCT_ROWS > 7
        TILE_CASE(2, 4) TILE_CASE(3, 4)
#endif
    }
}
#endif

// Rows are shared out evenly over the tiles.
static void PRODUCT(float *y, int ldy, const float *x, int ldx, const float *packed, int m, int n, int k,
                    const float *bias, int accumulate) {
    const int tiles = (m + PRODUCT_ROWS - 1) / PRODUCT_ROWS;
    const size_t panel_count = PANEL_COUNT(k);
    for (int j = 0; j < n;) {
        const int left = (n - j + NR - 1) / NR;
        const float *bias_j = bias ? bias + j : bias;
        int panels = 1;
        if (m <= PRODUCT_ROWS / 2 && left >= 2) panels = 2;
#if PRODUCT_ROWS > 2
        if (m <= PRODUCT_ROWS / 4 && left >= 4) panels = 4;
#endif
        const int width = n - j < panels * NR ? n - j : panels * NR;
        if (panels == 2) PRODUCT_(two_panels)(m, y + j, ldy, x, ldx, packed, packed, width, k, bias_j, accumulate);
#if PRODUCT_ROWS > 2
        if (panels == 4) PRODUCT_(four_panels)(m, y + j, ldy, x, ldx, packed, packed, width, k, bias_j, accumulate);
#endif
        for (int b = 0; panels == 1 && b < tiles; b++) {
            const size_t first = (size_t)m * b / tiles, last = (size_t)m * (b + 1) / tiles;
            const float *ahead = b == tiles - 1 && left > 1 ? packed + panel_count : packed;
            PRODUCT_(one_panel)((int)(last - first), y + first * ldy + j, ldy, x + first * ldx, ldx, packed, ahead,
                                width, k, bias_j, accumulate);
        }
        j += panels * NR;
        packed += (size_t)panels * panel_count;
    }
}

#undef TILE_ARGUMENTS
#undef TILE_CASE
#undef PRODUCT
#undef PRODUCT_
#undef PRODUCT_TILE
#undef PRODUCT_ROWS
#undef PANEL_COUNT
