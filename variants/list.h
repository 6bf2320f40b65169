/* list.h -- the roster, in display order. VARIANT(name) stands for `attn_variant_name` in name.c. */
VARIANT(full)
VARIANT(flash)
VARIANT(local)
VARIANT(linear)
VARIANT(null)
VARIANT(copy)
VARIANT(zero)
VARIANT(mean_v)
