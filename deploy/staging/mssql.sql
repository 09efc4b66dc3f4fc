-- 前置机的表 tables of a staging database: SQL Server 2012 及以上
-- 由数据库管理员执行一次。说明见 docs/adapters/staging.md。节点的账号需要这些表的 SELECT、INSERT、UPDATE、DELETE；
-- 办公系统的账号：gw_out、gw_out_file、gw_in_action 可 INSERT；gw_in、gw_receipt 可 SELECT 与 UPDATE，不可 DELETE。
-- 本文件由 docs/make_staging.py 生成 written by docs/make_staging.py.

CREATE TABLE gw_out (
    id NVARCHAR(100) NOT NULL,
    unit_code NVARCHAR(32) NOT NULL,
    doc_json NVARCHAR(max) NOT NULL,
    tracking_id NVARCHAR(64) NULL,
    status NVARCHAR(1) NOT NULL DEFAULT 'N',
    retry INTEGER NOT NULL DEFAULT 0,
    err NVARCHAR(2000) NULL,
    ts NVARCHAR(40) NULL,
    claimed_by NVARCHAR(64) NULL,
    PRIMARY KEY (id)
);

CREATE INDEX gw_out_s ON gw_out (unit_code, status);

CREATE TABLE gw_out_file (
    doc_id NVARCHAR(100) NOT NULL,
    seq INTEGER NOT NULL,
    kind NVARCHAR(20) NULL,
    name NVARCHAR(255) NOT NULL,
    sha NVARCHAR(64) NULL,
    blob_data IMAGE NULL,
    path NVARCHAR(500) NULL,
    PRIMARY KEY (doc_id, seq)
);

CREATE TABLE gw_in (
    id NVARCHAR(100) NOT NULL,
    unit_code NVARCHAR(32) NOT NULL,
    sender NVARCHAR(32) NOT NULL,
    sender_name NVARCHAR(200) NULL,
    envelope_id NVARCHAR(64) NOT NULL,
    title NVARCHAR(500) NULL,
    issued_number NVARCHAR(200) NULL,
    doc_json NVARCHAR(max) NOT NULL,
    envelope_xml IMAGE NOT NULL,
    status NVARCHAR(1) NOT NULL DEFAULT 'N',
    retry INTEGER NOT NULL DEFAULT 0,
    err NVARCHAR(2000) NULL,
    ts NVARCHAR(40) NULL,
    PRIMARY KEY (id)
);

CREATE INDEX gw_in_s ON gw_in (unit_code, status);

CREATE TABLE gw_in_file (
    doc_id NVARCHAR(100) NOT NULL,
    seq INTEGER NOT NULL,
    kind NVARCHAR(20) NULL,
    name NVARCHAR(255) NOT NULL,
    sha NVARCHAR(64) NULL,
    blob_data IMAGE NULL,
    path NVARCHAR(500) NULL,
    file_size BIGINT NULL,
    PRIMARY KEY (doc_id, seq)
);

CREATE TABLE gw_in_action (
    id NVARCHAR(100) NOT NULL,
    unit_code NVARCHAR(32) NOT NULL,
    doc_id NVARCHAR(100) NOT NULL,
    action NVARCHAR(20) NOT NULL,
    person NVARCHAR(100) NULL,
    reason NVARCHAR(40) NULL,
    note NVARCHAR(2000) NULL,
    status NVARCHAR(1) NOT NULL DEFAULT 'N',
    retry INTEGER NOT NULL DEFAULT 0,
    err NVARCHAR(2000) NULL,
    ts NVARCHAR(40) NULL,
    claimed_by NVARCHAR(64) NULL,
    PRIMARY KEY (id)
);

CREATE INDEX gw_in_action_s ON gw_in_action (unit_code, status);

CREATE TABLE gw_receipt (
    id NVARCHAR(64) NOT NULL,
    unit_code NVARCHAR(32) NOT NULL,
    envelope_id NVARCHAR(64) NOT NULL,
    sender NVARCHAR(32) NOT NULL,
    event NVARCHAR(30) NOT NULL,
    event_name NVARCHAR(60) NULL,
    recipient NVARCHAR(32) NULL,
    person NVARCHAR(100) NULL,
    reason NVARCHAR(40) NULL,
    note NVARCHAR(2000) NULL,
    happened_at NVARCHAR(40) NULL,
    doc_json NVARCHAR(max) NOT NULL,
    receipt_xml IMAGE NOT NULL,
    status NVARCHAR(1) NOT NULL DEFAULT 'N',
    retry INTEGER NOT NULL DEFAULT 0,
    err NVARCHAR(2000) NULL,
    ts NVARCHAR(40) NULL,
    PRIMARY KEY (id)
);

CREATE INDEX gw_receipt_s ON gw_receipt (unit_code, status);
