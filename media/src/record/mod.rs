//! From packets to CMAF segments and HLS playlists.
