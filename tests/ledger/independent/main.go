// Questions about notes, proofs and tiles come in as JSON, one a line; the answer of an implementation that is
// not ours, Go's golang.org/x/mod/sumdb, comes out: `ok`, or what is wrong.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type question struct {
	Kind  string      `json:"kind"` // note, sign, inclusion, consistency or tiles
	VKey  string      `json:"vkey"`
	SKey  string      `json:"skey"`
	Note  string      `json:"note"`
	Index int64       `json:"index"`
	Old   int64       `json:"old"`
	Size  int64       `json:"size"`
	Leaf  tlog.Hash   `json:"leaf"`
	Was   tlog.Hash   `json:"was"`
	Root  tlog.Hash   `json:"root"`
	Proof []tlog.Hash `json:"proof"`
	At    string      `json:"at"` // the folder of an export
}

func main() {
	lines := bufio.NewReader(os.Stdin)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for {
		line, err := lines.ReadBytes('\n')
		if err == io.EOF {
			return
		}
		var asked question
		if err == nil {
			err = json.Unmarshal(line, &asked)
		}
		said := "ok"
		if err == nil {
			said, err = answer(asked)
		}
		if err != nil {
			said = strings.ReplaceAll(err.Error(), "\n", " ")
		}
		fmt.Fprintln(out, said)
	}
}

func answer(asked question) (string, error) {
	switch asked.Kind {
	case "note":
		verifier, err := note.NewVerifier(asked.VKey)
		if err == nil {
			_, err = note.Open([]byte(asked.Note), note.VerifierList(verifier))
		}
		return "ok", err
	case "sign":
		signer, err := note.NewSigner(asked.SKey)
		if err != nil {
			return "", err
		}
		signed, err := note.Sign(&note.Note{Text: asked.Note}, signer)
		said, _ := json.Marshal(string(signed))
		return string(said), err
	case "inclusion":
		return "ok", tlog.CheckRecord(asked.Proof, asked.Size, asked.Root, asked.Index, asked.Leaf)
	case "consistency":
		return "ok", tlog.CheckTree(asked.Proof, asked.Size, asked.Root, asked.Old, asked.Was)
	case "tiles":
		return "ok", readThroughTiles(asked)
	}
	return "", fmt.Errorf("no such question: %s", asked.Kind)
}

// readThroughTiles proves every entry of an export from its tiles and its entry bundles alone.
func readThroughTiles(asked question) error {
	tree := tlog.Tree{N: asked.Size, Hash: asked.Root}
	reader := tlog.TileHashReader(tree, folder(asked.At))
	for start := int64(0); start < asked.Size; start += 256 {
		width := asked.Size - start
		if width > 256 {
			width = 256
		}
		tile := tlog.Tile{H: 8, L: -1, N: start / 256, W: int(width)}
		bundle, err := os.ReadFile(filepath.Join(asked.At, name(tile)))
		if err != nil {
			return err
		}
		for index := start; index < start+width; index++ {
			if len(bundle) < 2 {
				return fmt.Errorf("entry %d is missing", index)
			}
			length := int(bundle[0])<<8 | int(bundle[1])
			entry := bundle[2 : 2+length]
			bundle = bundle[2+length:]
			proof, err := tlog.ProveRecord(asked.Size, index, reader)
			if err == nil {
				err = tlog.CheckRecord(proof, asked.Size, asked.Root, index, tlog.RecordHash(entry))
			}
			if err != nil {
				return fmt.Errorf("entry %d: %v", index, err)
			}
		}
		if len(bundle) > 0 {
			return fmt.Errorf("something follows the last entry of a bundle")
		}
	}
	return nil
}

type folder string

func (at folder) Height() int { return 8 }

func (at folder) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var found [][]byte
	for _, tile := range tiles {
		content, err := os.ReadFile(filepath.Join(string(at), name(tile)))
		if err != nil { // a full tile stands for each of its parts
			full := tile
			full.W = 256
			if content, err = os.ReadFile(filepath.Join(string(at), name(full))); err != nil {
				return nil, err
			}
			content = content[:tile.W*tlog.HashSize]
		}
		found = append(found, content)
	}
	return found, nil
}

func (at folder) SaveTiles(tiles []tlog.Tile, data [][]byte) {}

// name is where C2SP's tlog-tiles keeps a tile: like Go's, without the height; bundles are named for entries.
func name(tile tlog.Tile) string {
	path := strings.TrimPrefix(tile.Path(), "tile/8/")
	if strings.HasPrefix(path, "data/") {
		path = "entries/" + strings.TrimPrefix(path, "data/")
	}
	return "tile/" + path
}
