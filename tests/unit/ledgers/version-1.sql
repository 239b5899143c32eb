BEGIN TRANSACTION;
CREATE TABLE callbacks (
	callback VARCHAR NOT NULL, 
	call VARCHAR NOT NULL, 
	site VARCHAR NOT NULL, 
	node VARCHAR NOT NULL, 
	queue VARCHAR NOT NULL, 
	number VARCHAR NOT NULL, 
	language VARCHAR NOT NULL, 
	skills JSON NOT NULL, 
	priority INTEGER NOT NULL, 
	asked BIGINT NOT NULL, 
	due BIGINT, 
	visit VARCHAR, 
	ended BIGINT, 
	outcome VARCHAR, 
	ended_by VARCHAR, 
	PRIMARY KEY (callback)
);
INSERT INTO "callbacks" VALUES('h-1.2/cb1','h-1.2','site','site','bills','+8675512345678','en','{"billing":2}',0,1780000090000,NULL,'h-1.2/1',1780000099900,'called','li');
CREATE TABLE callbacks_noted (
	note VARCHAR NOT NULL, 
	call VARCHAR NOT NULL, 
	site VARCHAR NOT NULL, 
	node VARCHAR NOT NULL, 
	number VARCHAR NOT NULL, 
	noted BIGINT NOT NULL, 
	PRIMARY KEY (note)
);
INSERT INTO "callbacks_noted" VALUES('h-1.3/note','h-1.3','site','site','13900005678',1780000101000);
CREATE TABLE calls (
	call VARCHAR NOT NULL, 
	site VARCHAR NOT NULL, 
	node VARCHAR NOT NULL, 
	ani VARCHAR NOT NULL, 
	dnis VARCHAR NOT NULL, 
	trunk VARCHAR NOT NULL, 
	flow VARCHAR NOT NULL, 
	flow_version VARCHAR NOT NULL, 
	language VARCHAR NOT NULL, 
	began BIGINT NOT NULL, 
	ended BIGINT, 
	outcome VARCHAR, 
	detail VARCHAR, 
	PRIMARY KEY (call)
);
INSERT INTO "calls" VALUES('h-1.1','site','site','13800001234','10000','carrier','main','a1b2c3','zh',1780000001000,1780000071000,'flow-ended',NULL);
INSERT INTO "calls" VALUES('h-1.2','site','site','+8675512345678','10000','carrier','main','a1b2c3','zh',1780000080000,1780000099000,'caller-hung-up',NULL);
INSERT INTO "calls" VALUES('h-1.3','site','site','','10000','carrier','main','a1b2c3','zh',1780000100000,1780000102000,'engine-away',NULL);
INSERT INTO "calls" VALUES('h-1.4','site','site','13700009999','10000','carrier','main','a1b2c3','zh',1780000105000,NULL,NULL,NULL);
CREATE TABLE conversations (
	visit VARCHAR NOT NULL, 
	call VARCHAR NOT NULL, 
	site VARCHAR NOT NULL, 
	node VARCHAR NOT NULL, 
	offer VARCHAR, 
	seat VARCHAR, 
	began BIGINT NOT NULL, 
	ended BIGINT, 
	talk_ms BIGINT, 
	ended_by VARCHAR, 
	PRIMARY KEY (visit)
);
INSERT INTO "conversations" VALUES('h-1.1/1','h-1.1','site','site','h-1.1/1/1','ann',1780000008000,1780000068000,60000,'seat');
CREATE TABLE engine_runs (
	site VARCHAR NOT NULL, 
	node VARCHAR NOT NULL, 
	began BIGINT NOT NULL, 
	version VARCHAR NOT NULL, 
	ended BIGINT, 
	how VARCHAR, 
	PRIMARY KEY (site, node, began)
);
INSERT INTO "engine_runs" VALUES('site','site',1780000000000,'0.1.0',1780000103000,'stopped');
INSERT INTO "engine_runs" VALUES('site','site',1780000104000,'0.1.0',NULL,NULL);
CREATE TABLE flow_versions (
	site VARCHAR NOT NULL, 
	node VARCHAR NOT NULL, 
	flow VARCHAR NOT NULL, 
	began BIGINT NOT NULL, 
	how VARCHAR NOT NULL, 
	version VARCHAR NOT NULL, 
	share FLOAT NOT NULL, 
	began_by VARCHAR, 
	PRIMARY KEY (site, node, flow, began, how)
);
INSERT INTO "flow_versions" VALUES('site','site','main',1780000000020,'started','a1b2c3',100.0,NULL);
CREATE TABLE journal_position (
	site VARCHAR NOT NULL, 
	node VARCHAR NOT NULL, 
	journal VARCHAR NOT NULL, 
	segment INTEGER NOT NULL, 
	"offset" BIGINT NOT NULL, 
	PRIMARY KEY (site, node)
);
INSERT INTO "journal_position" VALUES('site','site','0123456789abcdef',1,5568);
CREATE TABLE ledger_version (
	version INTEGER NOT NULL, 
	PRIMARY KEY (version)
);
INSERT INTO "ledger_version" VALUES(1);
CREATE TABLE notices (
	site VARCHAR NOT NULL, 
	node VARCHAR NOT NULL, 
	notice VARCHAR NOT NULL, 
	changed BIGINT NOT NULL, 
	is_on BOOLEAN NOT NULL, 
	changed_by VARCHAR NOT NULL, 
	texts JSON NOT NULL, 
	areas JSON NOT NULL, 
	services JSON NOT NULL, 
	until BIGINT, 
	PRIMARY KEY (site, node, notice, changed)
);
INSERT INTO "notices" VALUES('site','site','outage',1780000000010,1,'li','{"zh":"停电","en":"power cut"}','["0755"]','[]',1780000900000);
CREATE TABLE notices_heard (
	call VARCHAR NOT NULL, 
	notice VARCHAR NOT NULL, 
	site VARCHAR NOT NULL, 
	node VARCHAR NOT NULL, 
	heard BIGINT NOT NULL, 
	PRIMARY KEY (call, notice)
);
INSERT INTO "notices_heard" VALUES('h-1.1','outage','site','site',1780000001500);
CREATE TABLE offers (
	offer VARCHAR NOT NULL, 
	visit VARCHAR NOT NULL, 
	call VARCHAR NOT NULL, 
	site VARCHAR NOT NULL, 
	node VARCHAR NOT NULL, 
	seat VARCHAR NOT NULL, 
	phone VARCHAR NOT NULL, 
	why JSON NOT NULL, 
	made BIGINT NOT NULL, 
	ended BIGINT, 
	outcome VARCHAR, 
	PRIMARY KEY (offer)
);
INSERT INTO "offers" VALUES('h-1.1/1/1','h-1.1/1','h-1.1','site','site','ann','6001','{"longest-idle":4900}',1780000005000,1780000008000,'answered');
CREATE TABLE path (
	call VARCHAR NOT NULL, 
	step INTEGER NOT NULL, 
	site VARCHAR NOT NULL, 
	node VARCHAR NOT NULL, 
	flow VARCHAR NOT NULL, 
	flow_node VARCHAR NOT NULL, 
	language VARCHAR NOT NULL, 
	entered BIGINT NOT NULL, 
	"left" BIGINT, 
	exit VARCHAR, 
	PRIMARY KEY (call, step)
);
INSERT INTO "path" VALUES('h-1.1',1,'site','site','main','welcome','zh',1780000001000,1780000002000,'1');
INSERT INTO "path" VALUES('h-1.1',2,'site','site','main','bills','zh',1780000002000,1780000071000,'answered');
INSERT INTO "path" VALUES('h-1.2',1,'site','site','main','bills','en',1780000080000,1780000099000,NULL);
INSERT INTO "path" VALUES('h-1.4',1,'site','site','main','welcome','zh',1780000105000,NULL,NULL);
CREATE TABLE recordings (
	recording VARCHAR NOT NULL, 
	call VARCHAR NOT NULL, 
	site VARCHAR NOT NULL, 
	node VARCHAR NOT NULL, 
	recording_kind VARCHAR NOT NULL, 
	box VARCHAR NOT NULL, 
	file VARCHAR NOT NULL, 
	seconds FLOAT NOT NULL, 
	kept BIGINT NOT NULL, 
	mark VARCHAR, 
	marked BIGINT, 
	marked_by VARCHAR, 
	PRIMARY KEY (recording)
);
INSERT INTO "recordings" VALUES('h-1.2/r28201040','h-1.2','site','site','voicemail','main','main/2026-05/28-201040-h-1_2.wav',4.5,1780000095000,'heard',1780000099500,'li');
CREATE TABLE rings (
	ring VARCHAR NOT NULL, 
	offer VARCHAR NOT NULL, 
	visit VARCHAR NOT NULL, 
	call VARCHAR NOT NULL, 
	site VARCHAR NOT NULL, 
	node VARCHAR NOT NULL, 
	seat VARCHAR NOT NULL, 
	phone VARCHAR NOT NULL, 
	began BIGINT NOT NULL, 
	ended BIGINT, 
	outcome VARCHAR, 
	cause INTEGER, 
	tech_cause VARCHAR, 
	PRIMARY KEY (ring)
);
INSERT INTO "rings" VALUES('h-1.1/1/1/1','h-1.1/1/1','h-1.1/1','h-1.1','site','site','ann','6001',1780000005000,1780000008000,'answered',16,'200 OK');
CREATE TABLE seat_states (
	site VARCHAR NOT NULL, 
	node VARCHAR NOT NULL, 
	seat VARCHAR NOT NULL, 
	interval INTEGER NOT NULL, 
	phone VARCHAR, 
	state VARCHAR NOT NULL, 
	reason VARCHAR, 
	offer VARCHAR, 
	event VARCHAR NOT NULL, 
	began BIGINT NOT NULL, 
	ended BIGINT, 
	PRIMARY KEY (site, node, seat, interval)
);
INSERT INTO "seat_states" VALUES('site','site','ann',1,'6001','ready',NULL,NULL,'sign-in',1780000000100,1780000005000);
INSERT INTO "seat_states" VALUES('site','site','ann',2,'6001','ringing',NULL,'h-1.1/1/1','offer',1780000005000,1780000008000);
INSERT INTO "seat_states" VALUES('site','site','ann',3,'6001','talking',NULL,'h-1.1/1/1','answer',1780000008000,1780000068000);
INSERT INTO "seat_states" VALUES('site','site','ann',4,'6001','wrap-up',NULL,NULL,'hang-up',1780000068000,1780000078000);
INSERT INTO "seat_states" VALUES('site','site','ann',5,'6001','ready',NULL,NULL,'wrapped',1780000078000,NULL);
CREATE TABLE survey_answers (
	call VARCHAR NOT NULL, 
	visit VARCHAR NOT NULL, 
	survey VARCHAR NOT NULL, 
	question VARCHAR NOT NULL, 
	site VARCHAR NOT NULL, 
	node VARCHAR NOT NULL, 
	queue VARCHAR, 
	seat VARCHAR, 
	answer INTEGER NOT NULL, 
	answered BIGINT NOT NULL, 
	PRIMARY KEY (call, visit, survey, question)
);
INSERT INTO "survey_answers" VALUES('h-1.1','h-1.1/1','stars','q1','site','site','bills','ann',5,1780000070000);
CREATE TABLE tags (
	call VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	site VARCHAR NOT NULL, 
	node VARCHAR NOT NULL, 
	value VARCHAR NOT NULL, 
	tagged BIGINT NOT NULL, 
	PRIMARY KEY (call, name)
);
INSERT INTO "tags" VALUES('h-1.1','business','site','site','bills',1780000002000);
CREATE TABLE transfers (
	call VARCHAR NOT NULL, 
	ended BIGINT NOT NULL, 
	site VARCHAR NOT NULL, 
	node VARCHAR NOT NULL, 
	number VARCHAR NOT NULL, 
	outcome VARCHAR NOT NULL, 
	talked_ms BIGINT NOT NULL, 
	PRIMARY KEY (call, ended)
);
INSERT INTO "transfers" VALUES('h-1.2',1780000099000,'site','site','0755987654','answered',2500);
CREATE TABLE visit_wishes (
	visit VARCHAR NOT NULL, 
	call VARCHAR NOT NULL, 
	site VARCHAR NOT NULL, 
	node VARCHAR NOT NULL, 
	attributes JSON NOT NULL, 
	seat VARCHAR, 
	PRIMARY KEY (visit)
);
INSERT INTO "visit_wishes" VALUES('h-1.1/1','h-1.1','site','site','{"area":"0755"}',NULL);
CREATE TABLE visits (
	visit VARCHAR NOT NULL, 
	call VARCHAR NOT NULL, 
	site VARCHAR NOT NULL, 
	node VARCHAR NOT NULL, 
	queue VARCHAR NOT NULL, 
	skills JSON NOT NULL, 
	priority INTEGER NOT NULL, 
	arrived BIGINT NOT NULL, 
	"left" BIGINT, 
	outcome VARCHAR, 
	reason VARCHAR, 
	wait_ms BIGINT, 
	seat VARCHAR, 
	PRIMARY KEY (visit)
);
INSERT INTO "visits" VALUES('h-1.1/1','h-1.1','site','site','bills','{"billing":2}',3,1780000002000,1780000008000,'answered',NULL,6000,'ann');
INSERT INTO "visits" VALUES('h-1.2/1','h-1.2','site','site','bills','{"billing":2}',0,1780000081000,1780000090000,'called-back',NULL,9000,NULL);
INSERT INTO "visits" VALUES('h-1.4/1','h-1.4','site','site','faults','{}',0,1780000106000,NULL,NULL,NULL,NULL,NULL);
CREATE INDEX calls_open ON calls (site) WHERE ended IS NULL;
CREATE INDEX calls_began ON calls (began);
CREATE INDEX visits_arrived ON visits (arrived);
CREATE INDEX visits_call ON visits (call);
CREATE INDEX visits_open ON visits (site) WHERE "left" IS NULL;
CREATE INDEX offers_made ON offers (made);
CREATE INDEX offers_call ON offers (call);
CREATE INDEX rings_call ON rings (call);
CREATE INDEX conversations_began ON conversations (began);
CREATE INDEX conversations_open ON conversations (site) WHERE ended IS NULL;
CREATE INDEX conversations_call ON conversations (call);
CREATE INDEX seat_states_began ON seat_states (began);
CREATE INDEX seat_states_open ON seat_states (site) WHERE ended IS NULL;
CREATE INDEX callbacks_asked ON callbacks (asked);
CREATE INDEX tags_name ON tags (name, value);
CREATE INDEX survey_answers_answered ON survey_answers (answered);
CREATE INDEX notices_heard_heard ON notices_heard (heard);
CREATE INDEX transfers_ended ON transfers (ended);
CREATE INDEX recordings_kept ON recordings (kept);
CREATE INDEX notices_changed ON notices (changed);
COMMIT;
